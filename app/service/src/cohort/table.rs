//! 人工核查汇总表: everybody in a cohort as a workbook, one line each.

use api::cohort::{Cohort, CohortState, Disposition, Level, Outcome};
use api::ids::CohortId;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::paper::{Listed, everybody};
use crate::{Actor, Office, Refusal as _, Result, audit};

/// The columns, both languages, and their widths in characters.
const COLUMNS: [(&str, f64); 12] = [
    ("序号 No.", 8.0),
    ("学号 Student number", 20.0),
    ("姓名 Name", 16.0),
    ("学院 College", 20.0),
    ("班级 Class", 16.0),
    ("比对结果 Machine", 18.0),
    ("相似度 Similarity", 12.0),
    ("原因 Reasons", 28.0),
    ("抽查 Sample", 10.0),
    ("人工结论 Found", 18.0),
    ("核查人 By", 20.0),
    ("备注 Remarks", 36.0),
];

/// How many lines stand above the table.
const ABOVE: u32 = 7;

/// The table; `reason` words a code. Needs a purpose and is recorded.
///
/// # Errors
///
/// Without the right `read_cohorts` or a purpose; `not-found`.
pub fn table(
    office: &Office,
    actor: &Actor,
    id: CohortId,
    reason: impl Fn(&str) -> String,
) -> Result<Vec<u8>> {
    audit::recorded(office, actor, "cohort.table", Some(&id.to_string()), || {
        let purpose = actor.purpose()?.to_owned();
        let (cohort, listed) = everybody(office, actor, id)?;
        let mut book = Workbook::new();
        let above = above(office, actor, &cohort, &purpose);
        fill(book.add_worksheet(), &cohort, &above, &listed, reason).or_failed("write a table")?;
        book.save_to_buffer().or_failed("write a table")
    })
}

fn fill(
    sheet: &mut Worksheet,
    cohort: &Cohort,
    above: &[String],
    listed: &[Listed],
    reason: impl Fn(&str) -> String,
) -> Result<(), XlsxError> {
    let (bold, text) = (Format::new().set_bold(), Format::new().set_num_format("@"));
    let figure = Format::new().set_num_format("0.000");
    sheet.set_name("核查汇总 Cases")?;
    for (at, said) in (0..).zip(above) {
        sheet.write_with_format(at, 0, said, if at == 0 { &bold } else { &text })?;
    }
    let head = ABOVE + 1;
    for (column, (name, width)) in (0_u16..).zip(COLUMNS) {
        sheet.write_with_format(head, column, name, &bold)?;
        sheet.set_column_width(column, width)?;
    }
    for (at, one) in (head + 1..).zip(listed) {
        sheet.write(at, 0, at - head)?;
        let row = &one.row;
        if let Some(similarity) = row.similarity {
            sheet.write_with_format(at, 6, f64::from(similarity), &figure)?;
        }
        // The words of the round that settled it.
        let last = one.words.iter().map(|word| word.round).max();
        let said = || one.words.iter().filter(|word| Some(word.round) == last && row.disposition.is_some());
        let by: Vec<&str> = said().map(|word| word.by.as_str()).collect();
        let notes: Vec<&str> =
            said().map(|word| word.note.as_str()).filter(|note| !note.is_empty()).collect();
        let cells = [
            (1, one.number.clone()),
            (2, row.name.clone()),
            (3, row.college.clone()),
            (4, row.class.clone()),
            (5, machine(row.outcome).to_owned()),
            (7, row.reasons.iter().map(|code| reason(code)).collect::<Vec<_>>().join("；")),
            (8, if row.sampled { "是 yes" } else { "" }.to_owned()),
            (9, row.disposition.map(found).unwrap_or_default().to_owned()),
            (10, by.join("、")),
            (11, notes.join("；")),
        ];
        for (column, value) in cells {
            // Numbers are text: a spreadsheet would round them.
            sheet.write_with_format(at, column, value, &text)?;
        }
    }
    if !listed.is_empty() {
        let last = head + u32::try_from(listed.len()).unwrap_or(u32::MAX);
        sheet.autofilter(head, 0, last, 11)?;
    }
    sheet.set_freeze_panes(head + 1, 3)?;
    sheet.set_repeat_rows(head, head)?;
    sheet.set_landscape();
    sheet.set_footer(format!("&L{}&R&P / &N", cohort.id));
    Ok(())
}

/// What stands above the table.
fn above(office: &Office, actor: &Actor, cohort: &Cohort, purpose: &str) -> Vec<String> {
    let state = match cohort.state {
        CohortState::Signed => "三级审签完成 signed at all three levels",
        CohortState::Superseded => "已重新比对，本表作废 compared again; this table does not count",
        CohortState::Open => {
            "未完成三级审签，不得作为结论使用 not signed at all three levels: no conclusion yet"
        }
    };
    let signed: Vec<String> = cohort
        .signatures
        .iter()
        .filter(|signature| signature.stands)
        .map(|signature| format!("{} {} {}", level(signature.level), signature.by, local(signature.at)))
        .collect();
    vec![
        format!("{} · {} · 人像比对核查汇总表 Comparison of faces, case by case", office.school, cohort.campaign_name),
        format!("状态 State: {state}"),
        format!("审签 Signed: {}", signed.join("；")),
        format!(
            "比对 Compared: {} · 模型 Model: {} · 阈值 Thresholds: {:.3} / {:.3} · 校准 Calibration: {}",
            local(cohort.at),
            cohort.model,
            cohort.accept,
            cohort.reject,
            cohort.calibration_version
        ),
        format!("编号 Number: {} · 摘要 Digest: {}", cohort.id, cohort.digest),
        format!("用途 Purpose: {purpose} · 取用 Taken by: {} · {}", actor.name, local(jiff::Timestamp::now())),
        "机器只提出意见，结论由人作出 · 仅限上述用途，用后销毁 The machine proposes, people decide. For this purpose only; destroy after use"
            .to_owned(),
    ]
}

fn local(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M %:z").to_string()
}

const fn machine(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Match => "一致 match",
        Outcome::Unsure => "存疑 unsure",
        Outcome::NoMatch => "不一致 no match",
        Outcome::ByHand => "未比对 not compared",
    }
}

const fn found(found: Disposition) -> &'static str {
    match found {
        Disposition::Normal => "正常 normal",
        Disposition::Doubtful => "存疑 doubtful",
        Disposition::Abnormal => "异常 abnormal",
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Examiner => "审查人员 examiner",
        Level::Department => "部门负责人 head of department",
        Level::School => "校领导 school leader",
    }
}
