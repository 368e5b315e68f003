//! 四性检测报告: what was checked by DA/T 70-2018, item by item, and with what result.

use api::Timestamp;
use api::appraisal::{AppraisalReport, AppraisedItem};

use crate::acceptance::time;
use crate::sheet::Sheet;
use crate::{Fonts, Language, PaperError};

/// The four properties, in the order of the standard.
const PROPERTIES: [&str; 4] = ["authenticity", "integrity", "usability", "safety"];

/// The report of a check of DA/T 70-2018, to be printed and signed.
///
/// # Errors
///
/// When a character has no glyph or the PDF can't be written.
pub fn appraisal_report(
    fonts: &Fonts,
    language: Language,
    school: &str,
    report: &AppraisalReport,
    at: Timestamp,
) -> Result<Vec<u8>, PaperError> {
    let say = |zh, en| language.say(zh, en);
    let title = say("档案四性检测报告", "Report of the four properties check");
    let mut sheet = Sheet::new(fonts, language, title, at);
    let appraisal = &report.appraisal;
    let subject = match appraisal.subject.as_str() {
        "archive" => say("全部档案", "the whole archive").to_owned(),
        part => part.to_owned(),
    };
    sheet.facts(&[
        (say("学校", "School"), school.to_owned()),
        (say("依据", "By"), "DA/T 70-2018".to_owned()),
        (say("检测编号", "Number"), appraisal.id.to_string()),
        (say("检测对象", "Checked"), subject),
        (say("环节", "Stage"), language.worded("appraisal_environment", &appraisal.environment).to_owned()),
        (say("开始", "Began"), time(appraisal.began)),
        (say("结束", "Ended"), time(appraisal.ended)),
        (say("检测人", "By whom"), appraisal.by.clone()),
        (say("元数据方案", "Metadata scheme"), report.scheme.clone()),
        (say("对象数", "Objects"), appraisal.objects.to_string()),
        (say("文件数", "Files"), report.files.to_string()),
        (say("字节数", "Bytes"), report.bytes.to_string()),
        (say("报告 SHA-256", "SHA-256 of report"), appraisal.sha256.clone()),
    ]);
    sheet.heading(say("结论", "Result"));
    sheet.paragraph(&conclusion(language, report));
    for property in PROPERTIES {
        let items: Vec<_> = report.items.iter().filter(|item| item.property == property).collect();
        section(&mut sheet, language, property, &items);
    }
    sheet.signatures(&[
        say("检测人（签字、日期）", "Checked by (signature, date)"),
        say("审核人（签字、日期）", "Reviewed by (signature, date)"),
        say("学校（盖章）", "School (seal)"),
    ]);
    sheet.finish()
}

/// Never without how many items could not be tested.
fn conclusion(language: Language, report: &AppraisalReport) -> String {
    let appraisal = &report.appraisal;
    let (passed, failed, untested) = (appraisal.passed, appraisal.failed, appraisal.not_testable);
    match language {
        Language::Chinese => {
            let word = if appraisal.has_passed() { "通过" } else { "不通过" };
            format!(
                "{word}：{passed} 项通过，{failed} 项不通过（其中一票否决 {} 项），{untested} 项无法检测。",
                appraisal.vetoes
            )
        }
        Language::English => {
            let word = if appraisal.has_passed() { "Passed" } else { "Not passed" };
            format!(
                "{word}: {passed} items passed, {failed} failed ({} of them decide alone), {untested} could not be tested.",
                appraisal.vetoes
            )
        }
    }
}

fn section(sheet: &mut Sheet<'_>, language: Language, property: &str, items: &[&AppraisedItem]) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(language.worded("appraisal_property", property));
    let rows: Vec<_> = items.iter().map(|item| row(language, item)).collect();
    sheet.table(
        &[
            say("编号", "No."),
            say("项目", "Item"),
            say("对象", "Of"),
            say("目的", "Purpose"),
            say("依据", "Basis"),
            say("结果", "Result"),
            say("备注", "Remarks"),
        ],
        &[0.6, 1.9, 1.0, 2.6, 1.8, 1.1, 2.2],
        &rows,
    );
    for item in items.iter().filter(|item| !item.failing.is_empty()) {
        let name = language.worded("appraisal_item", &item.item);
        sheet.paragraph(&format!("{} {name}", item.number));
        let rows: Vec<_> = item
            .failing
            .iter()
            .map(|fault| {
                vec![
                    fault.subject.clone().unwrap_or_default(),
                    fault.place.clone(),
                    language.worded("appraisal_fault", &fault.code).to_owned(),
                ]
            })
            .collect();
        sheet.table(&[say("对象", "Of"), say("位置", "Where"), say("问题", "What")], &[2.6, 3.6, 2.0], &rows);
    }
}

fn row(language: Language, item: &AppraisedItem) -> Vec<String> {
    let say = |zh, en| language.say(zh, en);
    let mut result = language.worded("appraisal_verdict", &item.verdict).to_owned();
    if item.veto && item.verdict == "failed" {
        result.push_str(say("（一票否决）", " (decides alone)"));
    }
    vec![
        item.number.clone(),
        language.worded("appraisal_item", &item.item).to_owned(),
        language.worded("appraisal_about", &item.about).to_owned(),
        language.worded("appraisal_purpose", &item.item).to_owned(),
        item.basis.clone(),
        result,
        remarks(language, item),
    ]
}

/// Why it could not be tested, or how much was looked at; and what more there is to know.
fn remarks(language: Language, item: &AppraisedItem) -> String {
    let looked = match (&item.reason, item.failed) {
        (Some(reason), _) => language.worded("appraisal_reason", reason).to_owned(),
        (None, 0) => format!("{} {}", language.say("检查", "looked at"), item.looked_at),
        (None, failed) => format!("{failed} / {}", item.looked_at),
    };
    let more = item
        .remarks
        .iter()
        .map(|(word, figure)| format!("{} {figure}", language.worded("appraisal_remark", word)));
    [looked].into_iter().chain(more).collect::<Vec<_>>().join(language.say("；", "; "))
}
