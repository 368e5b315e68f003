//! The ground on which the made-up school compares faces: what it tells people, what it weighed, who agreed.

use anyhow::{Result, ensure};
use api::ids::CampaignId;
use api::law::{
    Agreed, Assessment, AssessmentText, ConsentRow, ConsentsRecorded, Ground, Means, NewAssessment,
    NewConsents, Notice, NoticeText, SignAssessment,
};
use api::{Timestamp, school};
use serde_json::json;

use crate::client::Client;

/// Publishes a notice, has an assessment written by one person and signed by another, and opens the campaign.
///
/// # Errors
///
/// When something of it is refused.
pub fn found(registrar: &Client, supervisor: &Client, password: &str, campaign: CampaignId) -> Result<()> {
    let path = format!("/campaigns/{campaign}");
    let _: Notice = registrar.post(&format!("{path}/notices"), &notice())?;
    let written: Assessment = registrar.post(&format!("{path}/assessments"), &assessment())?;
    let password = SignAssessment { password: password.to_owned() };
    let _: Assessment =
        supervisor.post(&format!("{path}/assessments/{}/signature", written.number), &password)?;
    let opened: Ground = registrar.post(&format!("{path}/comparing"), &json!({}))?;
    ensure!(opened.bar.is_none(), "the campaign is not open for comparing faces: {:?}", opened.bar);
    Ok(())
}

/// Records that everybody on the campaign's roster agreed on paper, today.
///
/// # Errors
///
/// When one of them can't be recorded.
pub fn agree(registrar: &Client, campaign: CampaignId) -> Result<()> {
    let path = format!("/campaigns/{campaign}/consents");
    let rows: Vec<ConsentRow> = registrar.all(&path)?;
    let people =
        rows.iter().map(|row| Agreed { person: Some(row.person), student_number: None, guardian: None });
    let people: Vec<Agreed> = people.collect();
    let given = school::day(Timestamp::now());
    for some in people.chunks(1000) {
        let new = NewConsents { notice: 1, means: Means::Paper, given, people: some.to_vec() };
        let recorded: ConsentsRecorded = registrar.post(&path, &new)?;
        ensure!(recorded.refused.is_empty(), "consents were not recorded: {:?}", recorded.refused);
    }
    Ok(())
}

fn notice() -> NoticeText {
    NoticeText {
        contact: "云岭艺术职业学院教务处，0871-6500 0000".to_owned(),
        purpose: "核对毕业生图像与录取照片是否同一人".to_owned(),
        method: "在本校设备上比对两张照片，结果由人决定，不外传".to_owned(),
        kinds: "录取照片、采集照片，以及比对时由照片算出的人脸特征".to_owned(),
        retention: "人脸特征比对后即删除；本批次结束时销毁其密钥".to_owned(),
        necessity: "防止冒名顶替；误判由人工复核纠正，不影响学籍".to_owned(),
        rights: "可随时拒绝或撤回，改由人工核验，不影响办理".to_owned(),
    }
}

fn assessment() -> NewAssessment {
    let text = AssessmentText {
        necessity: "目的限于身份核对；另有人工核验可选，人脸比对非唯一方式".to_owned(),
        impact: "可能误判；存疑由两人分别复核，不以机器结果作决定".to_owned(),
        risk: "人脸特征泄露后不可更改；因此不写入磁盘".to_owned(),
        measures: "磁盘加密、权限分离、全程留痕、批次结束销毁密钥，与风险相适应".to_owned(),
    };
    NewAssessment { text: Some(text), document: None }
}
