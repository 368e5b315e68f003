//! Very many made-up people.

use anyhow::{Context as _, Result};
use archive::search::PersonDoc;
use demo::school::{Student, students};
use ids::PersonId;

/// Students of twenty years, and what stands on the diplomas of some of them.
pub(crate) fn made_up(count: usize, texts: usize) -> Result<Vec<PersonDoc>> {
    let year = count.div_ceil(20).max(1);
    let mut all = Vec::with_capacity(count);
    let mut entry = 2023_u16;
    while all.len() < count {
        let students = students(year.min(count - all.len()), entry, 7);
        let first = all.len();
        all.extend(students.iter().enumerate().map(|(n, student)| doc(student, first + n < texts)));
        entry = entry.checked_sub(1).context("so many people never studied")?;
    }
    Ok(all)
}

fn doc(student: &Student, with_text: bool) -> PersonDoc {
    let mut doc = PersonDoc {
        student_number: Some(student.student_number.clone()),
        candidate_number: Some(student.candidate_number.clone()),
        class: Some(student.class.clone()),
        major: Some(student.major.to_owned()),
        college: Some(student.college.to_owned()),
        year: i16::try_from(student.entry + 3).ok(),
        certificate_numbers: student.certificate.iter().cloned().collect(),
        ..PersonDoc::new(PersonId::new(), student.name.clone())
    };
    if with_text {
        doc.diploma_text = format!(
            "学生{}，性别{}，于{}年九月至{}年七月在本校{}专业三年制专科学习，修完教学计划规定的全部课程，成绩合格，准予毕业。",
            student.name,
            student.sex,
            student.entry,
            student.entry + 3,
            student.major
        );
    }
    doc
}
