//! Masking: how much of a name or a number is shown to someone who need not know it all.
//!
//! No national rule exists, so the school chooses a policy; the strictest common one is the default
//! because `张*三` still shows two of three characters.

use serde::{Deserialize, Serialize};

use super::{fold::MIDDLE_DOT, fold_char};

/// Surnames of two characters, kept whole. From the 百家姓 and the 2020 name report's list of common ones.
const COMPOUND_SURNAMES: &[&str] = &[
    "欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟",
    "公羊", "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离",
    "长孙", "宇文", "司徒", "鲜于", "司空", "闾丘", "子车", "亓官", "司寇", "巫马", "公西", "颛孙", "壤驷",
    "公良", "漆雕", "乐正", "宰父", "谷梁", "拓跋", "夹谷", "轩辕", "令狐", "段干", "百里", "呼延", "东郭",
    "南门", "羊舌", "微生", "梁丘", "左丘", "东门", "西门", "第五", "叱干", "完颜", "纳兰", "叶赫", "耶律",
    "贺兰", "达奚", "哥舒",
];

/// How names are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameMask {
    /// The surname only: `张**`, `欧阳*`, `买**·***`.
    #[default]
    SurnameOnly,
    /// First and last character: `张*三`, `张**四`; a name of two characters shows the first.
    FirstAndLast,
    /// The last character only: `**三`.
    LastOnly,
    /// Nothing is masked. For documents whose purpose needs the whole name.
    Whole,
}

/// Masks a name.
#[must_use]
pub fn mask_name(name: &str, policy: NameMask) -> String {
    let name: Vec<char> = name.trim().chars().filter(|c| !c.is_whitespace()).collect();
    if policy == NameMask::Whole {
        return name.into_iter().collect();
    }
    if name.iter().any(|&c| fold_char(c) == MIDDLE_DOT) {
        return keep(&name, |place| place == 0);
    }
    let length = name.len();
    match policy {
        _ if length <= 1 => "*".repeat(length),
        NameMask::LastOnly => keep(&name, |place| place + 1 == length),
        NameMask::FirstAndLast if length > 2 => {
            keep(&name, |place| place < surname(&name) || place + 1 == length)
        }
        _ => keep(&name, |place| place < surname(&name)),
    }
}

/// How many characters of a name are its surname. At least one stays for the given name.
fn surname(name: &[char]) -> usize {
    let first_two: String = name.iter().take(2).map(|&c| fold_char(c)).collect();
    if name.len() > 2 && COMPOUND_SURNAMES.contains(&first_two.as_str()) { 2 } else { 1 }
}

/// Shows the characters whose place is wanted and the dots, and stars for the others.
fn keep(name: &[char], wanted: impl Fn(usize) -> bool) -> String {
    let shown = |(place, &c): (usize, &char)| match c {
        c if fold_char(c) == MIDDLE_DOT => MIDDLE_DOT,
        c if wanted(place) => c,
        _ => '*',
    };
    name.iter().enumerate().map(shown).collect()
}

/// Masks an identity number of any kind: the first and the last two characters remain.
///
/// Neither the birth date nor the check character together with the serial number is left readable.
#[must_use]
pub fn mask_id_number(number: &str) -> String {
    mask_number(number, 2, 2)
}

/// Masks a number, leaving `head` characters at the front and `tail` at the end.
///
/// A number that is too short to hide at least half of its characters is hidden altogether.
#[must_use]
pub fn mask_number(number: &str, head: usize, tail: usize) -> String {
    let length = number.chars().count();
    let hide_all = (head + tail) * 2 > length;
    let show = |place: usize| !hide_all && (place < head || place + tail >= length);
    number.chars().enumerate().map(|(place, c)| if show(place) { c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_shows_the_surname_only() {
        for (name, masked) in [
            ("张三", "张*"),
            ("张三丰", "张**"),
            ("欧阳修", "欧阳*"),
            ("歐陽修", "歐陽*"),
            ("司马相如", "司马**"),
            ("欧阳", "欧*"),
            ("买买提·吐尔逊", "买**·***"),
            ("买买提•吐尔逊", "买**·***"),
            ("𠮷䶮㛃", "𠮷**"),
            ("王", "*"),
            ("", ""),
        ] {
            assert_eq!(mask_name(name, NameMask::default()), masked, "{name}");
        }
    }

    #[test]
    fn other_policies_do_what_they_say() {
        assert_eq!(mask_name("张三丰", NameMask::FirstAndLast), "张*丰");
        assert_eq!(mask_name("张三", NameMask::FirstAndLast), "张*");
        assert_eq!(mask_name("诸葛孔明", NameMask::FirstAndLast), "诸葛*明");
        assert_eq!(mask_name("张三丰", NameMask::LastOnly), "**丰");
        assert_eq!(mask_name("张三丰", NameMask::Whole), "张三丰");
    }

    #[test]
    fn a_masked_number_keeps_its_length_and_hides_the_birth_date() {
        assert_eq!(mask_id_number("11010519491231002X"), "11**************2X");
        assert_eq!(mask_id_number("A12345"), "******");
        assert_eq!(mask_number("2023010512", 2, 3), "20*****512");
    }
}
