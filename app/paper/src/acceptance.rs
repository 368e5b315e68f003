//! 图像采集验收报告: what a delivery was held to, what was found, who accepted it.

use api::Timestamp;
use api::delivery::{CheckReport, Delivery};

use crate::sheet::Sheet;
use crate::{Fonts, Language, PaperError};

/// The limits of the buyer's requirement: first pass at least 99 %, visible deviation below 5 %.
const FIRST_PASS: f64 = 0.99;
const DEVIATION: f64 = 0.05;

/// The acceptance report of a checked delivery, to be printed and signed.
///
/// # Errors
///
/// When a character has no glyph or the PDF can't be written.
pub fn acceptance_report(
    fonts: &Fonts,
    language: Language,
    school: &str,
    delivery: &Delivery,
    at: Timestamp,
) -> Result<Vec<u8>, PaperError> {
    let say = |zh, en| language.say(zh, en);
    let mut sheet = Sheet::new(fonts, language, say("图像采集验收报告", "Acceptance report"), at);
    sheet.facts(&[
        (say("学校", "School"), school.to_owned()),
        (say("采集批次", "Campaign"), delivery.campaign_name.clone()),
        (say("供应商", "Vendor"), delivery.vendor_name.clone()),
        (say("交付编号", "Delivery"), delivery.id.to_string()),
        (say("交付轮次", "Round"), delivery.round.to_string()),
        (say("接收完成", "Received"), delivery.received.map(time).unwrap_or_default()),
    ]);
    if let Some(report) = &delivery.report {
        figures(&mut sheet, language, report);
    }
    decision(&mut sheet, language, delivery);
    sheet.signatures(&[
        say("提出人（签字、日期）", "Proposed by (signature, date)"),
        say("确认人（签字、日期）", "Confirmed by (signature, date)"),
        say("供应商代表（签字、日期）", "For the vendor (signature, date)"),
        say("学校（盖章）", "School (seal)"),
    ]);
    sheet.finish()
}

fn figures(sheet: &mut Sheet<'_>, language: Language, report: &CheckReport) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("名单对应核对", "Held against the roster"));
    let verdict = |count: u64| if count == 0 { say("合格", "met") } else { say("不合格", "not met") };
    let row = |name: &str, count: u64| {
        vec![name.to_owned(), count.to_string(), "0".to_owned(), verdict(count).to_owned()]
    };
    sheet.table(
        &[say("项目", "Figure"), say("数量", "Count"), say("限值", "Limit"), say("结论", "Result")],
        &[4.0, 1.5, 1.5, 1.5],
        &[
            row(say("多：名册之外或重复", "Extra: of nobody on the roster, or one too many"), report.extra),
            row(say("少：名册有而未交付", "Missing: on the roster, not delivered"), report.missing),
            row(
                say("错：损坏、不合规或非本人", "Wrong: damaged, against a rule, or another person"),
                report.wrong,
            ),
            row(say("误：逾期", "Late: after the dates"), report.late),
        ],
    );
    sheet.facts(&[
        (say("名册人数", "On the roster"), report.roster.to_string()),
        (say("交付张数", "Delivered"), report.photos.to_string()),
        (
            say("一次通过率", "First pass"),
            share(language, report.first_pass, FIRST_PASS, report.first_pass >= FIRST_PASS),
        ),
        (
            say("偏差照片占比", "Deviation"),
            share(language, report.deviation, DEVIATION, report.deviation < DEVIATION),
        ),
        (say("照片规则", "Photo rules"), report.rule_set.clone()),
        (
            say("比对校准", "Calibration"),
            report.calibration.clone().unwrap_or_else(|| say("无", "none").to_owned()),
        ),
        (say("核验完成", "Checked"), time(report.checked)),
    ]);
    if report.findings.is_empty() {
        return;
    }
    sheet.heading(say("发现的问题", "Findings"));
    let rows: Vec<Vec<String>> = report
        .findings
        .iter()
        .map(|finding| {
            vec![
                language.worded("finding", &finding.code).to_owned(),
                finding.code.clone(),
                language.worded("severity", &finding.severity).to_owned(),
                language.worded("group", &finding.group).to_owned(),
                finding.count.to_string(),
            ]
        })
        .collect();
    sheet.table(
        &[
            say("问题", "Finding"),
            say("代码", "Code"),
            say("级别", "Severity"),
            say("归类", "Group"),
            say("数量", "Count"),
        ],
        &[3.0, 2.6, 1.3, 1.3, 0.8],
        &rows,
    );
}

fn share(language: Language, value: f64, limit: f64, met: bool) -> String {
    let verdict = if met { language.say("合格", "met") } else { language.say("不合格", "not met") };
    format!("{:.2} % ({} {:.0} %, {verdict})", value * 100.0, language.say("限值", "limit"), limit * 100.0)
}

fn decision(sheet: &mut Sheet<'_>, language: Language, delivery: &Delivery) {
    let say = |zh, en| language.say(zh, en);
    let Some(proposal) = &delivery.proposal else { return };
    sheet.heading(say("处理意见", "Decision"));
    let word = match proposal.decision {
        api::delivery::Decision::Accept => say("全部接收", "accept all of it"),
        api::delivery::Decision::AcceptPart => say("接收合格部分", "accept the good ones"),
        api::delivery::Decision::Reject => say("退回", "send it back"),
    };
    let mut facts = vec![
        (say("意见", "Decision"), word.to_owned()),
        (say("提出", "Proposed"), format!("{} · {}", proposal.by_name, time(proposal.at))),
    ];
    if !proposal.reason.is_empty() {
        facts.push((say("理由", "Reason"), proposal.reason.clone()));
    }
    if let Some(confirmed) = &delivery.confirmed {
        facts.push((say("确认", "Confirmed"), format!("{} · {}", confirmed.by_name, time(confirmed.at))));
    }
    sheet.facts(&facts);
}

/// A time in the machine's own zone, to the minute.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}
