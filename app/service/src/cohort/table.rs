//! 人工核查汇总表: everybody in a cohort as a workbook, one line each.

use api::cohort::{Cohort, CohortState, Word};
use api::ids::CohortId;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::paper::{Listed, everybody};
use crate::{Actor, Office, Refusal as _, Result, audit, word};

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

/// Words for a code of a table, in the languages wanted.
pub type Say<'a> = &'a dyn Fn(&str, &str) -> String;

/// The table, worded by `say`. Needs a purpose and is recorded.
///
/// # Errors
///
/// Without the right `read_cohorts` or a purpose; `not-found`.
pub fn table(office: &Office, actor: &Actor, id: CohortId, say: Say<'_>) -> Result<Vec<u8>> {
    audit::recorded(office, actor, "cohort.table", Some(&id.to_string()), || {
        let purpose = actor.purpose()?.to_owned();
        let (cohort, listed) = everybody(office, actor, id)?;
        let mut book = Workbook::new();
        let above = above(office, actor, &cohort, &purpose, say);
        fill(book.add_worksheet(), &cohort, &above, &listed, say).or_failed("write a table")?;
        book.save_to_buffer().or_failed("write a table")
    })
}

fn fill(
    sheet: &mut Worksheet,
    cohort: &Cohort,
    above: &[String],
    listed: &[Listed],
    say: Say<'_>,
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
        let said = || Word::of_last_round(&one.words).filter(|_| row.disposition.is_some());
        let by: Vec<&str> = said().map(|word| word.by.as_str()).collect();
        let notes: Vec<&str> =
            said().map(|word| word.note.as_str()).filter(|note| !note.is_empty()).collect();
        let cells = [
            (1, one.number.clone()),
            (2, row.name.clone()),
            (3, row.college.clone()),
            (4, row.class.clone()),
            (5, say("cohort_outcome", &word(&row.outcome))),
            (7, row.reasons.iter().map(|code| say("reason", code)).collect::<Vec<_>>().join("；")),
            (8, if row.sampled { "是 yes" } else { "" }.to_owned()),
            (9, row.disposition.map(|found| say("disposition", &word(&found))).unwrap_or_default()),
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
fn above(office: &Office, actor: &Actor, cohort: &Cohort, purpose: &str, say: Say<'_>) -> Vec<String> {
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
        .map(|signature| {
            format!("{} {} {}", say("level", &word(&signature.level)), signature.by, local(signature.at))
        })
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
