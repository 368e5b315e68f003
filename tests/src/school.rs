//! A small made-up school for stories.

use std::collections::BTreeMap;

use anyhow::Result;
use demo::files::{archive, workbook};
use demo::school::with_check_digit;

use crate::Captures;

/// The people of a story.
#[derive(Debug, Clone)]
pub struct School {
    /// Its students.
    pub students: Vec<Student>,
}

/// Which drawn photo of a student: [`verify::draw`] draws a person differently under another number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Photo {
    /// 录取照片
    Admission = 0,
    /// What the vendor captures.
    Capture = 1,
    /// 学籍照片
    Enrolment = 2,
}

/// One student.
#[derive(Debug, Clone)]
pub struct Student {
    /// Their place among all, which decides how they look.
    pub place: usize,
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
            place: n,
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

    /// The numbers of all students.
    #[must_use]
    pub fn numbers(&self) -> Vec<String> {
        self.students.iter().map(|student| student.student_number.clone()).collect()
    }

    /// One photo of every student, as a zip named by candidate number.
    ///
    /// # Errors
    ///
    /// When the zip can't be written.
    pub fn photos(&self, photo: Photo) -> Result<Vec<u8>> {
        let entry =
            |student: &Student| (format!("{}.jpg", student.candidate_number), student.portrait(photo));
        archive(self.students.iter().map(entry))
    }

    /// What the vendor captured of those who have a token, by student number.
    #[must_use]
    pub fn captures(&self, tokens: &BTreeMap<String, String>) -> Captures {
        Captures::new(self.students.iter().filter_map(|student| {
            Some((tokens.get(&student.student_number)?.clone(), student.portrait(Photo::Capture)))
        }))
    }

    /// A certificate register of all students, and of so many graduates whom nobody knows yet.
    ///
    /// # Errors
    ///
    /// When the workbook can't be written.
    pub fn register(&self, strangers: usize) -> Result<Vec<u8>> {
        let head = [
            "证书编号",
            "学号",
            "姓名",
            "证件号",
            "专业",
            "层次",
            "学制",
            "入学日期",
            "毕业日期",
            "毕结业",
            "校长",
        ];
        let unknown = School::of(self.students.len() + strangers).students.split_off(self.students.len());
        let rows = self.students.iter().chain(&unknown).enumerate().map(|(n, student)| {
            vec![
                format!("512341202706{:06}", n + 1),
                student.student_number.clone(),
                student.name.clone(),
                student.id_number.clone(),
                "舞蹈表演".to_owned(),
                "专科".to_owned(),
                "3".to_owned(),
                "20240901".to_owned(),
                "20270701".to_owned(),
                "毕业".to_owned(),
                "杨校长".to_owned(),
            ]
        });
        workbook(&head, rows)
    }
}

impl Student {
    /// A drawn photo of them as JPEG, 480 × 640.
    #[must_use]
    pub fn portrait(&self, photo: Photo) -> Vec<u8> {
        verify::draw::portrait_jpeg(self.place as u64, photo as u64)
    }
}

fn id_number(n: usize) -> String {
    let digits = format!("53019020050{:01}{:02}{:03}", 1 + n / 25_200 % 9, 1 + n / 900 % 28, n % 900);
    with_check_digit(digits)
}
