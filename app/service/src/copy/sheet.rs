//! The list as a workbook: what it is, for what and by whose word stands above it, and its number on every page.

use archive::db::catalog::{diploma, person, photo};
use archive::db::office::copy as rows;
use archive::person::PersonRecord;
use jiff::Zoned;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use crate::staff::Staff;
use crate::{Office, Refusal as _, Result, dossier, index};

/// The columns, both languages, and their widths in characters.
const COLUMNS: [(&str, f64); 11] = [
    ("序号 No.", 8.0),
    ("姓名 Name", 16.0),
    ("学号 Student number", 20.0),
    ("考生号 Candidate number", 20.0),
    ("学院 College", 20.0),
    ("专业 Major", 20.0),
    ("班级 Class", 16.0),
    ("入学日期 Entry", 14.0),
    ("预计毕业 Graduation", 14.0),
    ("照片 Photos", 12.0),
    ("证书编号 Certificates", 24.0),
];

/// How many lines stand above the table.
const ABOVE: u32 = 5;

/// Writes the list.
pub(super) fn write(office: &Office, row: &rows::Copy, staff: &Staff) -> Result<Vec<u8>> {
    let lines = lines(office, row)?;
    let mut book = Workbook::new();
    fill(book.add_worksheet(), office, row, staff, &lines).or_failed("write a list")?;
    book.save_to_buffer().or_failed("write a list")
}

/// One person's line.
type Line = [String; 10];

/// The people as they stand in the catalog now. Somebody whose dossier has gone meanwhile is left out, and counted.
fn lines(office: &Office, row: &rows::Copy) -> Result<Vec<Line>> {
    office.catalog.read(|conn| -> Result<_> {
        let mut lines = Vec::with_capacity(row.people.len());
        for id in &row.people {
            let Some(facts) = person::facts(conn, *id)? else { continue };
            let (photos, diplomas) = (photo::of(conn, *id)?, diploma::of(conn, *id)?);
            let state = index::photo_state(photos.iter().map(|photo| photo.kind)).to_owned();
            lines.push(line(facts, state, diplomas.into_iter().map(|d| d.facts.number), row.numbers));
        }
        Ok(lines)
    })
}

fn line(
    facts: PersonRecord,
    photos: String,
    certificates: impl Iterator<Item = String>,
    whole: bool,
) -> Line {
    let number = |number: Option<String>| match number {
        Some(number) if whole => number,
        Some(number) => dossier::masked_number(Some(&number)),
        None => String::new(),
    };
    let certificates: Vec<String> = certificates.map(|certificate| number(Some(certificate))).collect();
    let date = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
    [
        facts.name,
        number(facts.student_number),
        number(facts.candidate_number),
        facts.college.unwrap_or_default(),
        facts.major.unwrap_or_default(),
        facts.class.unwrap_or_default(),
        date(facts.entry_date),
        date(facts.expected_graduation),
        photos_in_words(&photos).to_owned(),
        certificates.join(" "),
    ]
}

fn photos_in_words(state: &str) -> &'static str {
    match state {
        "complete" => "齐全 complete",
        "admission" => "仅录取 admission only",
        _ => "无 none",
    }
}

fn fill(
    sheet: &mut Worksheet,
    office: &Office,
    row: &rows::Copy,
    staff: &Staff,
    lines: &[Line],
) -> Result<(), XlsxError> {
    let (bold, text) = (Format::new().set_bold(), Format::new().set_num_format("@"));
    sheet.set_name("名单 List")?;
    sheet.write_with_format(0, 0, format!("{} · 名单 List", office.school), &bold)?;
    for (at, said) in (1..).zip(above(row, staff, lines.len())) {
        sheet.write(at, 0, said)?;
    }
    let head = ABOVE + 1;
    for (column, (name, width)) in (0_u16..).zip(COLUMNS) {
        sheet.write_with_format(head, column, name, &bold)?;
        sheet.set_column_width(column, width)?;
    }
    for (at, line) in (head + 1..).zip(lines) {
        sheet.write(at, 0, at - head)?;
        for (column, value) in (1_u16..).zip(line) {
            // Numbers are text: a spreadsheet would round them.
            sheet.write_with_format(at, column, value, &text)?;
        }
    }
    sheet.set_freeze_panes(head + 1, 2)?;
    sheet.set_repeat_rows(head, head)?;
    sheet.set_landscape();
    sheet.set_footer(format!("&L{} · {}&R&P / &N", row.id, staff.name(&row.account)));
    Ok(())
}

/// What stands above the table.
fn above(row: &rows::Copy, staff: &Staff, shown: usize) -> [String; 4] {
    let decided = row.decided.as_ref().map(|(at, by)| (at.to_string(), staff.name(by))).unwrap_or_default();
    let gone = row.people.len().saturating_sub(shown);
    let gone = if gone == 0 {
        String::new()
    } else {
        format!("；{gone} 人的档案其间已不在 no longer there")
    };
    [
        format!("用途 Purpose: {}", row.purpose),
        format!(
            "申请 Asked by: {} · 批准 Approved by: {} ({})",
            staff.name(&row.account),
            decided.1,
            decided.0
        ),
        format!("编号 Number: {} · 取用 Taken: {}", row.id, Zoned::now().strftime("%Y-%m-%d %H:%M %:z")),
        format!(
            "人数 People: {shown}{gone} · 仅限上述用途，用后销毁 For this purpose only; destroy after use"
        ),
    ]
}
