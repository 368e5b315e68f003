//! A small made-up school for stories.

use std::io::{Cursor, Write as _};

use anyhow::Result;
use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;

/// The people of a story.
#[derive(Debug, Clone)]
pub struct School {
    /// Its students.
    pub students: Vec<Student>,
}

/// One student.
#[derive(Debug, Clone)]
pub struct Student {
    /// The name.
    pub name: String,
    /// 考生号
    pub candidate_number: String,
    /// 学号
    pub student_number: String,
    /// 证件号
    pub id_number: String,
}

impl School {
    /// A school of so many students with names that differ.
    #[must_use]
    pub fn of(count: usize) -> Self {
        const SURNAMES: [&str; 8] = ["王", "李", "刀", "普", "欧阳", "木", "段", "和"];
        const GIVEN: [&str; 10] = ["伟", "芳", "娜", "晨", "曦", "玉兰", "松", "䶮", "㛃", "梓涵"];
        let student = |n: usize| Student {
            name: format!(
                "{}{}{}",
                SURNAMES.get(n % 8).copied().unwrap_or_default(),
                GIVEN.get(n / 8 % 10).copied().unwrap_or_default(),
                GIVEN.get(n / 80 % 10).copied().unwrap_or_default()
            ),
            candidate_number: format!("24530102{:06}", n + 1),
            student_number: format!("2024{:06}", n + 1),
            id_number: id_number(n),
        };
        Self { students: (0..count).map(student).collect() }
    }

    /// The roster as a workbook.
    ///
    /// # Errors
    ///
    /// When the workbook can't be written.
    pub fn roster(&self) -> Result<Vec<u8>> {
        let head = ["考生号", "学号", "姓名", "证件号", "学院", "专业", "班级", "入学日期", "预计毕业日期"];
        let rows = self.students.iter().map(|student| {
            vec![
                student.candidate_number.clone(),
                student.student_number.clone(),
                student.name.clone(),
                student.id_number.clone(),
                "舞蹈学院".to_owned(),
                "舞蹈表演".to_owned(),
                "舞蹈表演2401班".to_owned(),
                "20240901".to_owned(),
                "20270701".to_owned(),
            ]
        });
        workbook(&head, rows)
    }

    /// Admission photos as a zip named by candidate number: drawn portraits.
    ///
    /// # Errors
    ///
    /// When the zip can't be written.
    pub fn photos(&self) -> Result<Vec<u8>> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (n, student) in self.students.iter().enumerate() {
            zip.start_file(format!("{}.jpg", student.candidate_number), SimpleFileOptions::default())?;
            zip.write_all(&verify::draw::portrait_jpeg(n as u64, 0))?;
        }
        Ok(zip.finish()?.into_inner())
    }
}

/// A workbook with one sheet.
///
/// # Errors
///
/// When it can't be written.
pub fn workbook(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, text) in head.iter().enumerate() {
        sheet.write(0, u16::try_from(column)?, *text)?;
    }
    for (row, cells) in rows.enumerate() {
        for (column, text) in cells.iter().enumerate() {
            sheet.write(u32::try_from(row + 1)?, u16::try_from(column)?, text.as_str())?;
        }
    }
    Ok(book.save_to_buffer()?)
}

/// A number with its check digit (GB 11643, MOD 11-2).
fn id_number(n: usize) -> String {
    let body = format!("53019020050{:01}{:02}{:03}", 1 + n / 25_200 % 9, 1 + n / 900 % 28, n % 900);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        body.chars().zip(weights).map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight).sum();
    format!("{body}{}", "10X98765432".chars().nth((sum % 11) as usize).unwrap_or('0'))
}
