//! A made-up school: its students with names of every kind, its roster as a workbook, its certificate register.

use anyhow::Result;

use crate::files::workbook;
use crate::random::Dice;

/// One made-up student.
#[derive(Debug, Clone)]
pub struct Student {
    /// 姓名
    pub name: String,
    /// 性别
    pub sex: &'static str,
    /// 出生日期, as `20050311`.
    pub birth: String,
    /// 考生号
    pub candidate_number: String,
    /// 学号
    pub student_number: String,
    /// 证件号
    pub id_number: String,
    /// The year of entry.
    pub entry: u16,
    /// 学院
    pub college: &'static str,
    /// 专业
    pub major: &'static str,
    /// 班级
    pub class: String,
    /// The certificate number, for those who already have one.
    pub certificate: Option<String>,
}

const COLLEGES: &[(&str, &[&str])] = &[
    ("舞蹈学院", &["舞蹈表演", "民族传统技艺"]),
    ("音乐学院", &["音乐表演", "民族音乐与器乐"]),
    ("戏剧影视学院", &["戏剧影视表演", "舞台艺术设计与制作"]),
    ("美术设计学院", &["艺术设计", "工艺美术品设计"]),
    ("文化管理学院", &["文化创意与策划", "图书档案管理"]),
];

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "普", "刀", "和", "木", "段", "欧阳", "司马", "上官", "诸葛",
];

const GIVEN: &[&str] = &[
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明", "超",
    "秀", "霞", "平", "刚", "桂", "英", "华", "玉", "兰", "梅", "竹", "菊", "松", "柏", "云", "雪", "晨",
    "曦", "梓", "涵", "宇", "轩", "睿",
];

/// Names as they occur in Yunnan: minority names with the middle dot, rare characters, four-character names.
const UNUSUAL: &[&str] = &[
    "阿依古丽·买买提",
    "扎西·多吉",
    "依香·玉罕",
    "王䶮",
    "李㛃",
    "张𠮷祥",
    "欧阳娜娜",
    "木阿鲁·和志",
    "岩温·帕",
    "刀美兰香",
];

/// Makes `count` students who entered in `entry`, the same ones for the same seed. Three years later they graduate;
/// those of a year before 2024 hold their certificates.
#[must_use]
pub fn students(count: usize, entry: u16, seed: u64) -> Vec<Student> {
    let mut dice = Dice::new(seed ^ u64::from(entry));
    (0..count).map(|number| student(number, entry, &mut dice)).collect()
}

fn student(number: usize, entry: u16, dice: &mut Dice) -> Student {
    let (college, majors) = dice.pick(COLLEGES).copied().unwrap_or(("舞蹈学院", &["舞蹈表演"]));
    let major = dice.pick(majors).copied().unwrap_or("舞蹈表演");
    let sex = if dice.below(2) == 0 { "男" } else { "女" };
    let birth = format!(
        "{}{:02}{:02}",
        usize::from(entry) - 20 + dice.below(3),
        1 + dice.below(12),
        1 + dice.below(28)
    );
    let graduation = entry + 3;
    Student {
        name: UNUSUAL.get(number).map_or_else(|| name(dice), |name| (*name).to_owned()),
        sex,
        id_number: id_number(&birth, sex, number),
        entry,
        birth,
        candidate_number: format!("{:02}530{:03}{:06}", entry % 100, 100 + dice.below(29), number + 1),
        student_number: format!("{entry}{:02}{:04}", 10 + dice.below(80), number + 1),
        college,
        major,
        class: format!("{major}{:02}{:02}班", entry % 100, 1 + number % 3),
        certificate: (entry < 2024).then(|| format!("512341{graduation}06{:06}", number + 1)),
    }
}

fn name(dice: &mut Dice) -> String {
    let surname = dice.pick(SURNAMES).copied().unwrap_or("王");
    let mut name = surname.to_owned();
    for _ in 0..=dice.below(2) {
        name.push_str(dice.pick(GIVEN).copied().unwrap_or("明"));
    }
    name
}

/// A number of the made-up district 530199 with its check digit.
fn id_number(birth: &str, sex: &str, number: usize) -> String {
    let order = (number % 450) * 2 + usize::from(sex == "男");
    with_check_digit(format!("530{:03}{birth}{order:03}", 190 + number / 450))
}

/// The 17 digits of an identity number with their check digit (GB 11643, MOD 11-2) behind them.
#[must_use]
pub fn with_check_digit(mut digits: String) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        digits.chars().zip(weights).map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight).sum();
    digits.push("10X98765432".chars().nth((sum % 11) as usize).unwrap_or('0'));
    digits
}

/// The roster as the registrar's office would send it.
pub(crate) fn roster(students: &[Student]) -> Result<Vec<u8>> {
    let head = [
        "考生号",
        "学号",
        "姓名",
        "性别",
        "出生日期",
        "证件号",
        "学院",
        "专业",
        "层次",
        "学制",
        "班级",
        "入学日期",
        "预计毕业日期",
    ];
    let rows = students.iter().map(|s| {
        vec![
            s.candidate_number.clone(),
            s.student_number.clone(),
            s.name.clone(),
            s.sex.to_owned(),
            s.birth.clone(),
            s.id_number.clone(),
            s.college.to_owned(),
            s.major.to_owned(),
            "专科".to_owned(),
            "3".to_owned(),
            s.class.clone(),
            format!("{}0901", s.entry),
            format!("{}0701", s.entry + 3),
        ]
    });
    workbook(&head, rows)
}

/// The register of those who already have a certificate.
pub(crate) fn register(students: &[Student]) -> Result<Vec<u8>> {
    let head = [
        "证书编号",
        "学号",
        "姓名",
        "性别",
        "出生日期",
        "专业",
        "层次",
        "学制",
        "入学日期",
        "毕业日期",
        "毕结业",
        "校长",
    ];
    let rows = students.iter().filter_map(|s| {
        Some(vec![
            s.certificate.clone()?,
            s.student_number.clone(),
            s.name.clone(),
            s.sex.to_owned(),
            s.birth.clone(),
            s.major.to_owned(),
            "专科".to_owned(),
            "3".to_owned(),
            format!("{}0901", s.entry),
            format!("{}0701", s.entry + 3),
            "毕业".to_owned(),
            "杨校长".to_owned(),
        ])
    });
    workbook(&head, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_school_of_the_same_seed_is_the_same_school() {
        let names =
            |seed| students(50, 2024, seed).into_iter().map(|s| s.name + &s.id_number).collect::<Vec<_>>();
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
    }

    #[test]
    fn every_number_is_given_once() {
        let all = students(900, 2024, 1);
        for number in [
            |s: &Student| s.id_number.clone(),
            |s: &Student| s.student_number.clone(),
            |s: &Student| s.candidate_number.clone(),
        ] {
            let different: std::collections::BTreeSet<String> = all.iter().map(number).collect();
            assert_eq!(different.len(), all.len());
        }
    }
}
