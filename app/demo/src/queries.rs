//! The queries of the story: made from the rosters by a rule that is printed, each with the people it must find.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use pinyin::{ToPinyin, ToPinyinMulti};

use crate::school::Student;

/// The rule, as it is printed.
pub(crate) const RULE: &str = "of every k-th student: the name; its last two characters; its sound in pinyin; the student number; the \
     candidate number; the class; the certificate number where there is one. Expected is whoever has the text as a \
     part of any searchable value, worked out from the rosters without the index";

/// How many queries are wanted at least.
const AT_LEAST: usize = 100;

/// What a query must find.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// The words.
    pub(crate) text: String,
    /// Positions in the list of students: exact hits.
    pub(crate) exact: BTreeSet<usize>,
    /// Positions in the list of students: hits by sound.
    pub(crate) sound: BTreeSet<usize>,
}

/// Makes the queries.
pub(crate) fn queries(students: &[Student]) -> Vec<Query> {
    let step = (students.len() * 4 / AT_LEAST).max(1);
    let mut texts = Vec::new();
    for student in students.iter().step_by(step) {
        texts.extend([
            student.name.clone(),
            student.student_number.clone(),
            student.candidate_number.clone(),
        ]);
        texts.extend([student.class.clone(), tail(&student.name)]);
        texts.extend(sound(&student.name));
        texts.extend(student.certificate.clone());
    }
    let mut seen = HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    texts.into_iter().map(|text| expect(text, students)).collect()
}

fn expect(text: String, students: &[Student]) -> Query {
    let positions = |matches: &dyn Fn(&Student) -> bool| {
        students
            .iter()
            .enumerate()
            .filter(|(_, student)| matches(student))
            .map(|(at, _)| at)
            .collect::<BTreeSet<_>>()
    };
    let exact = positions(&|student| values(student).iter().any(|value| value.contains(&text)));
    let sequences = heard(&text);
    let sound = positions(&|student| sequences.iter().any(|sequence| sounds_like(&student.name, sequence)));
    Query { sound: &sound - &exact, exact, text }
}

/// All searchable values of a student.
fn values(student: &Student) -> Vec<&str> {
    let mut values = vec![
        student.name.as_str(),
        &student.student_number,
        &student.candidate_number,
        student.college,
        student.major,
        &student.class,
    ];
    values.extend(student.certificate.as_deref());
    values
}

/// The last two characters of a name; of a name with a dot, those of its last part.
fn tail(name: &str) -> String {
    let part = name.rsplit('·').next().unwrap_or(name);
    let count = part.chars().count();
    part.chars().skip(count.saturating_sub(2)).collect()
}

/// How a name sounds, if every character of it is known.
fn sound(name: &str) -> Option<String> {
    name.chars()
        .filter(|character| *character != '·')
        .map(|character| character.to_pinyin().map(|sound| sound.plain().replace('ü', "v")))
        .collect()
}

/// Every syllable there is.
static SYLLABLES: LazyLock<HashSet<String>> =
    LazyLock::new(|| ('\u{4E00}'..='\u{9FFF}').flat_map(readings).collect());

fn readings(character: char) -> Vec<String> {
    character.to_pinyin_multi().into_iter().flatten().map(|sound| sound.plain().replace('ü', "v")).collect()
}

/// Every sequence of syllables that `text` may stand for: letters as they are typed, Chinese characters as they sound.
fn heard(text: &str) -> Vec<Vec<String>> {
    let sounds: Vec<Vec<String>> = text.chars().map(readings).collect();
    if sounds.iter().any(Vec::is_empty) {
        return segmentations(text);
    }
    sounds.into_iter().fold(vec![Vec::new()], |all, readings| {
        all.iter()
            .flat_map(|start| {
                readings.iter().map(move |reading| [start.as_slice(), std::slice::from_ref(reading)].concat())
            })
            .collect()
    })
}

/// Every way of reading `text` as a sequence of syllables.
fn segmentations(text: &str) -> Vec<Vec<String>> {
    if text.is_empty() {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for end in 1..=text.len().min(6) {
        let (Some(head), Some(rest)) = (text.get(..end), text.get(end..)) else { continue };
        if SYLLABLES.contains(head) {
            for mut sequence in segmentations(rest) {
                sequence.insert(0, head.to_owned());
                found.push(sequence);
            }
        }
    }
    found
}

/// Whether the name holds the syllables one after the other.
fn sounds_like(name: &str, sequence: &[String]) -> bool {
    let sounds: Vec<Vec<String>> = name
        .chars()
        .filter(|character| *character != '·')
        .map(readings)
        .filter(|sounds| !sounds.is_empty())
        .collect();
    !sequence.is_empty()
        && sounds
            .windows(sequence.len())
            .any(|window| window.iter().zip(sequence).all(|(readings, wanted)| readings.contains(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::school::students;

    #[test]
    fn there_are_at_least_a_hundred_queries_and_each_finds_somebody() {
        let mut all = students(400, 2024, 1);
        all.extend(students(60, 2023, 1));
        let queries = queries(&all);
        assert!(queries.len() >= AT_LEAST, "{}", queries.len());
        assert!(queries.iter().all(|query| !query.exact.is_empty() || !query.sound.is_empty()));
    }

    #[test]
    fn a_sound_with_two_readings_finds_both() {
        // 嗯 may be read n, so that a lone n is a syllable too.
        let readings: Vec<String> =
            segmentations("xian").iter().map(|syllables| syllables.join(" ")).collect();
        assert_eq!(readings, ["xi a n", "xi an", "xia n", "xian"]);
    }
}
