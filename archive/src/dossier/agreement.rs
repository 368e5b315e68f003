//! Whether a scan says what the register says: fact by fact, with the place on the paper.
//!
//! A machine that reads misreads, rare names most of all. So there are three answers: it stands there, something else
//! stands where it should, or it was not found. Nothing is ever corrected from here, in neither direction.
//!
//! Texts are compared under [`fold`], except that a name must be written with the very characters: 張 is not 张 on
//! a diploma. Dates are compared as dates, whether written 2026年7月1日, 二〇二六年七月一日 or 2026-07-01.

use jiff::civil::Date;

use super::{DiplomaFacts, Line, Reading};
use crate::person::{Level, fold};

crate::db::words! {
    /// A fact that stands on a diploma.
    DiplomaField {
        /// 证书编号
        Number = "number",
        /// 姓名
        Name = "name",
        /// 性别
        Sex = "sex",
        /// 出生日期
        BirthDate = "birth_date",
        /// 入学年月
        EntryDate = "entry_date",
        /// 毕业年月
        GraduationDate = "graduation_date",
        /// 发证日期
        Issued = "issued",
        /// 专业
        Major = "major",
        /// 层次
        Level = "level",
        /// 学制
        Years = "years",
        /// 学习形式
        StudyForm = "study_form",
        /// 毕结业
        Outcome = "outcome",
        /// 校(院)长
        President = "president",
        /// 学校
        School = "school",
    }
    /// Whether a scan says what the register says.
    Agreement {
        /// It stands there.
        Agrees = "agrees",
        /// Something else stands where it should.
        Differs = "differs",
        /// It was not found.
        NotFound = "not_found",
    }
}

/// One fact, held against a scan. `{:?}` withholds what it says.
#[derive(Clone, PartialEq)]
pub struct Checked {
    /// Which fact.
    pub field: DiplomaField,
    /// What the register says.
    pub expected: String,
    /// Whether the scan says so.
    pub agreement: Agreement,
    /// What stands on the scan in its place.
    pub found: Option<String>,
    /// The page on which that stands, from 1, and where: left, top, width, height, px.
    pub place: Option<(u32, [f32; 4])>,
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checked")
            .field("field", &self.field)
            .field("agreement", &self.agreement)
            .finish_non_exhaustive()
    }
}

/// Holds what the register says of a diploma against what was read on a scan of it. What the register leaves out is not
/// looked for.
#[must_use]
pub fn agreement(facts: &DiplomaFacts, reading: &Reading) -> Vec<Checked> {
    use DiplomaField as F;
    let paper = Paper::of(reading);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut checked = Vec::new();
    let mut check = |field, expected: String, find: &dyn Fn(&str) -> Seen| {
        if !expected.trim().is_empty() {
            checked.push(find(&expected).into_checked(field, expected, &paper));
        }
    };
    check(F::School, reading.school.clone(), &|wanted| paper.words(wanted, &[]));
    check(F::Number, facts.number.clone(), &|wanted| paper.number(wanted));
    check(F::Name, facts.name.clone(), &|wanted| paper.name(wanted));
    check(F::Sex, facts.sex.map(|sex| sex.chinese().to_owned()).unwrap_or_default(), &|wanted| {
        paper.sex(wanted)
    });
    for (field, date, role) in [
        (F::BirthDate, facts.birth_date, Role::Birth),
        (F::EntryDate, facts.entry_date, Role::Entry),
        (F::GraduationDate, facts.graduation_date, Role::Graduation),
        (F::Issued, facts.issued, Role::Issued),
    ] {
        if let Some(date) = date {
            check(field, date.to_string(), &|_| paper.date(date, role));
        }
    }
    check(F::Major, text(&facts.major), &|wanted| paper.words(wanted, &[("本校", "专业"), ("专业:", "")]));
    check(F::Level, text(&facts.level), &|wanted| paper.level(wanted));
    check(F::Years, facts.years.map(|years| years.to_string()).unwrap_or_default(), &|wanted| {
        paper.years(wanted)
    });
    check(F::StudyForm, text(&facts.study_form), &|wanted| paper.words(wanted, &[("学习形式:", "")]));
    check(F::Outcome, text(&facts.outcome), &|wanted| paper.outcome(wanted));
    check(F::President, text(&facts.president), &|wanted| paper.words(wanted, &[("长:", "")]));
    checked
}

/// What a search came to, by the line it came to it in.
enum Seen {
    Agrees(usize),
    Differs(usize, String),
    Nowhere,
}

impl Seen {
    fn into_checked(self, field: DiplomaField, expected: String, paper: &Paper<'_>) -> Checked {
        let (agreement, found, line) = match self {
            Self::Agrees(line) => (Agreement::Agrees, None, Some(line)),
            Self::Differs(line, found) => (Agreement::Differs, Some(found), Some(line)),
            Self::Nowhere => (Agreement::NotFound, None, None),
        };
        let place = line.and_then(|line| paper.lines.get(line)).map(|line| (line.page, line.line.place));
        Checked { field, expected, agreement, found, place }
    }
}

/// A scan's lines, folded once.
struct Paper<'a> {
    lines: Vec<Folded<'a>>,
}

struct Folded<'a> {
    page: u32,
    line: &'a Line,
    /// Folded, colons and commas in one form.
    text: String,
}

/// What a date says, by what stands beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Birth,
    Entry,
    Graduation,
    Issued,
}

impl<'a> Paper<'a> {
    fn of(reading: &'a Reading) -> Self {
        let pages = (1..).zip(&reading.pages);
        let lines = pages.flat_map(|(page, read)| read.lines.iter().map(move |line| (page, line)));
        let lines = lines.map(|(page, line)| Folded { page, line, text: even(&line.text) });
        Self { lines: lines.collect() }
    }

    /// The first line that a search comes to something in.
    fn first<T>(&self, search: impl Fn(&Folded<'a>) -> Option<T>) -> Option<(usize, T)> {
        self.lines.iter().enumerate().find_map(|(at, line)| Some((at, search(line)?)))
    }

    /// The line in which a folded text begins; it may run on into the next.
    fn begins(&self, wanted: &str) -> Option<usize> {
        let within = self.lines.iter().position(|line| line.text.contains(wanted));
        within.or_else(|| {
            self.lines.windows(2).position(|pair| {
                pair.iter().map(|line| line.text.as_str()).collect::<String>().contains(wanted)
            })
        })
    }

    /// What stands between two words, the second of which may be on the next line; or after the first to the line's next
    /// comma if there is no second.
    fn between(&self, before: &str, after: &str) -> Option<(usize, String)> {
        let (at, found) = self.lines.iter().enumerate().find_map(|(at, line)| {
            let (_, rest) = line.text.split_once(before)?;
            let found = match after {
                "" => rest.split([',', '。', ';']).next()?.to_owned(),
                after => format!("{rest}{}", self.follows(at)).split_once(after)?.0.to_owned(),
            };
            // A word at the very end of a line stands before what the next one says.
            let at = if rest.is_empty() { at + 1 } else { at };
            (1..=24).contains(&found.chars().count()).then_some((at, found))
        })?;
        Some((at.min(self.lines.len().saturating_sub(1)), found))
    }

    /// What the line after a line says.
    fn follows(&self, at: usize) -> &str {
        self.lines.get(at + 1).map_or("", |line| line.text.as_str())
    }

    /// Words as they should stand; else what stands between words that always surround them, else what is nearly they.
    fn words(&self, wanted: &str, around: &[(&str, &str)]) -> Seen {
        let wanted = even(wanted);
        if let Some(line) = self.begins(&wanted) {
            return Seen::Agrees(line);
        }
        let instead = around.iter().find_map(|(before, after)| self.between(before, after));
        match instead.or_else(|| self.nearly(&wanted)) {
            Some((line, found)) => Seen::Differs(line, found),
            None => Seen::Nowhere,
        }
    }

    /// A part of a line that is `wanted` but for a quarter of its characters. Short words are never nearly others.
    fn nearly(&self, wanted: &str) -> Option<(usize, String)> {
        let wanted: Vec<char> = wanted.chars().collect();
        let allowed = wanted.len() / 4;
        if wanted.len() < 3 {
            return None;
        }
        let nearest = self.lines.iter().enumerate().filter_map(|(at, line)| {
            let (edits, found) = nearest(&line.text, &wanted)?;
            Some((edits, at, found))
        });
        let (edits, at, found) = nearest.min_by_key(|(edits, ..)| *edits)?;
        (edits <= allowed.max(1)).then_some((at, found))
    }

    fn number(&self, wanted: &str) -> Seen {
        let wanted = even(wanted);
        if let Some(line) = self.begins(&wanted) {
            return Seen::Agrees(line);
        }
        let other = self.first(|line| {
            let runs = line.text.split(|c: char| !c.is_ascii_alphanumeric());
            runs.filter(|run| (15..=20).contains(&run.len()))
                .find(|run| run.chars().filter(char::is_ascii_digit).count() >= 14)
                .map(str::to_owned)
        });
        match other.or_else(|| self.nearly(&wanted)) {
            Some((line, found)) => Seen::Differs(line, found),
            None => Seen::Nowhere,
        }
    }

    /// A name is the same only in the very same characters.
    fn name(&self, wanted: &str) -> Seen {
        let exact = plain(wanted);
        if let Some(line) = self.lines.iter().position(|line| plain(&line.line.text).contains(&exact)) {
            return Seen::Agrees(line);
        }
        let folded = even(wanted);
        let other_form = self.first(|line| {
            let within = fold(&line.line.text);
            let range = within.find_all(fold(wanted).as_str()).into_iter().next()?;
            line.line.text.get(range).map(str::to_owned)
        });
        let labelled = || {
            ["学生", "姓名:", "姓名"].iter().find_map(|label| {
                let (line, found) = self.between(label, "")?;
                let found = found.split("性别").next().unwrap_or_default().trim_matches(':').to_owned();
                (2..=15).contains(&found.chars().count()).then_some((line, found))
            })
        };
        match other_form.or_else(labelled).or_else(|| self.nearly(&folded)) {
            Some((line, found)) => Seen::Differs(line, found),
            None => Seen::Nowhere,
        }
    }

    fn sex(&self, wanted: &str) -> Seen {
        let said = self.first(|line| {
            let after = line.text.split_once("性别").map(|(_, rest)| rest.trim_start_matches(':'));
            let alone = line.text.split(',').find(|part| matches!(*part, "男" | "女"));
            after.or(alone)?.chars().next().filter(|sex| matches!(sex, '男' | '女'))
        });
        match said {
            Some((line, sex)) if wanted == sex.to_string() => Seen::Agrees(line),
            Some((line, sex)) => Seen::Differs(line, sex.to_string()),
            None => Seen::Nowhere,
        }
    }

    /// The dates, by the line each begins in; it may run on into the next.
    fn dates(&self) -> Vec<(usize, Said)> {
        let lines = self.lines.iter().enumerate();
        lines
            .flat_map(|(at, line)| {
                dates(&line.text, self.follows(at)).into_iter().map(move |said| (at, said))
            })
            .collect()
    }

    fn date(&self, wanted: Date, role: Role) -> Seen {
        let dates = self.dates();
        let mine = dates.iter().filter(|(_, said)| said.role == Some(role));
        let last = || dates.iter().rev().find(|(_, said)| said.role.is_none());
        let instead = mine.clone().next().or_else(|| if role == Role::Issued { last() } else { None });
        // A date beside its own words counts before one that merely stands there.
        let there = mine.clone().find(|(_, said)| said.is(wanted));
        let anywhere = || dates.iter().find(|(_, said)| said.role.is_none() && said.is(wanted));
        match (there.or_else(|| if mine.clone().next().is_none() { anywhere() } else { None }), instead) {
            (Some((line, _)), _) => Seen::Agrees(*line),
            (None, Some((line, said))) => Seen::Differs(*line, said.to_string()),
            (None, None) => Seen::Nowhere,
        }
    }

    fn level(&self, wanted: &str) -> Seen {
        const WORDS: [&str; 8] = ["博士", "硕士", "第二学士", "专升本", "本科", "专科", "高职", "大专"];
        let Some(level) = Level::from_text(wanted) else { return self.words(wanted, &[]) };
        let said = |line: &Folded<'_>| {
            let word = WORDS.iter().find(|word| line.text.contains(**word))?;
            Some(((*word).to_owned(), Level::from_text(word)?))
        };
        match self.first(|line| said(line).filter(|(_, said)| *said == level)) {
            Some((line, _)) => Seen::Agrees(line),
            None => match self.first(said) {
                Some((line, (word, _))) => Seen::Differs(line, word),
                None => Seen::Nowhere,
            },
        }
    }

    fn years(&self, wanted: &str) -> Seen {
        let said = self.first(|line| {
            let (before, _) = line.text.split_once("年制")?;
            let digits =
                before.chars().rev().take_while(|c| c.is_ascii_digit() || "·一二三四五六七八".contains(*c));
            let digits: String = digits.collect::<Vec<_>>().into_iter().rev().collect();
            digits.replace('·', ".").parse::<crate::person::StudyYears>().ok()
        });
        match said {
            Some((line, years)) if years.to_string() == wanted => Seen::Agrees(line),
            Some((line, years)) => Seen::Differs(line, years.to_string()),
            None => Seen::Nowhere,
        }
    }

    fn outcome(&self, wanted: &str) -> Seen {
        const OUTCOMES: [&str; 3] = ["毕业", "结业", "肄业"];
        let wanted = even(wanted);
        let word = OUTCOMES.into_iter().find(|word| wanted.contains(word)).unwrap_or(&wanted);
        match self.begins(word) {
            Some(line) => Seen::Agrees(line),
            None => match self.first(|line| OUTCOMES.into_iter().find(|word| line.text.contains(word))) {
                Some((line, found)) => Seen::Differs(line, found.to_owned()),
                None => Seen::Nowhere,
            },
        }
    }
}

/// Folded, with one comma and one colon for all their forms.
fn even(text: &str) -> String {
    let one = |c| match c {
        '，' | '、' => ',',
        '：' => ':',
        c => c,
    };
    fold(text).as_str().chars().map(one).collect()
}

/// Compatibility forms composed and white space gone; the characters stay what they are.
fn plain(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfkc().filter(|c| !c.is_whitespace() && !"·•・‧.".contains(*c)).collect()
}

/// The part of a text that needs the fewest edits to become `wanted`, and how many (Sellers 1980).
fn nearest(text: &str, wanted: &[char]) -> Option<(usize, String)> {
    let text: Vec<char> = text.chars().collect();
    // For each prefix of `wanted`: the fewest edits of any part that ends here, and where that part begins.
    let mut column: Vec<(usize, usize)> = (0..=wanted.len()).map(|edits| (edits, 0)).collect();
    let mut best: Option<(usize, usize, usize)> = None;
    for (end, have) in text.iter().enumerate() {
        let mut diagonal = (0, end);
        let mut above = (0, end + 1);
        for (slot, want) in column.iter_mut().skip(1).zip(wanted) {
            let left = *slot;
            let (edits, begin) = (diagonal.0 + usize::from(want != have), diagonal.1);
            let cell = [(edits, begin), (above.0 + 1, above.1), (left.0 + 1, left.1)];
            *slot = cell.into_iter().min_by_key(|(edits, _)| *edits).unwrap_or(left);
            (diagonal, above) = (left, *slot);
        }
        let (edits, begin) = above;
        if best.is_none_or(|(fewest, ..)| edits < fewest) {
            best = Some((edits, begin, end + 1));
        }
    }
    let (edits, begin, end) = best?;
    Some((edits, text.get(begin..end)?.iter().collect()))
}

/// A date as a scan has it: the day may be left out.
struct Said {
    year: i16,
    month: i8,
    day: Option<i8>,
    role: Option<Role>,
}

impl Said {
    fn is(&self, date: Date) -> bool {
        self.year == date.year() && self.month == date.month() && self.day.is_none_or(|day| day == date.day())
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.day {
            Some(day) => write!(f, "{:04}-{:02}-{day:02}", self.year, self.month),
            None => write!(f, "{:04}-{:02}", self.year, self.month),
        }
    }
}

/// The dates that begin in a folded line, which another follows.
fn dates(text: &str, follows: &str) -> Vec<Said> {
    let length = text.chars().count();
    let characters: Vec<char> = text.chars().chain(follows.chars()).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < length {
        match date_at(&characters, at) {
            Some((mut said, end)) => {
                let before: String =
                    characters.get(at.saturating_sub(4)..at).unwrap_or_default().iter().collect();
                let after: String =
                    characters.get(end..(end + 2).min(characters.len())).unwrap_or_default().iter().collect();
                said.role = role(&before, &after);
                found.push(said);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn role(before: &str, after: &str) -> Option<Role> {
    if after.starts_with('生')
        || after.starts_with("出生")
        || before.contains("出生")
        || before.contains("生于")
    {
        Some(Role::Birth)
    } else if after.starts_with(['至', '-', '—', '~']) {
        Some(Role::Entry)
    } else if before.ends_with(['至', '-', '—', '~']) {
        Some(Role::Graduation)
    } else if before.contains("发证") || before.contains("签发") {
        Some(Role::Issued)
    } else {
        None
    }
}

/// A date that begins at a character, and where it ends.
fn date_at(text: &[char], at: usize) -> Option<(Said, usize)> {
    // In the middle of a longer number no date begins.
    if at > 0 && text.get(at - 1).copied().and_then(digit).is_some() {
        return None;
    }
    let digits: Vec<u32> = text.get(at..at + 4)?.iter().map(|c| digit(*c)).collect::<Option<_>>()?;
    let year = digits.iter().fold(0, |year, digit| year * 10 + digit);
    let year = i16::try_from(year).ok().filter(|year| (1900..2100).contains(year))?;
    let mut end = at + 4;
    let separator = *text.get(end)?;
    if !matches!(separator, '年' | '-' | '·' | '/') {
        return None;
    }
    end += 1;
    let month = part(text, &mut end).filter(|month| (1..=12).contains(month))?;
    let close = if separator == '年' { '月' } else { separator };
    let mut day = None;
    if text.get(end) == Some(&close) {
        let mut further = end + 1;
        day = part(text, &mut further).filter(|day| (1..=31).contains(day));
        let whole = separator != '年' || text.get(further) == Some(&'日');
        match day {
            Some(_) if whole => end = further + usize::from(separator == '年'),
            _ => {
                day = None;
                end += usize::from(separator == '年');
            }
        }
    } else if separator == '年' {
        return None;
    }
    Some((Said { year, month, day, role: None }, end))
}

/// A number of one or two digits, or up to 三十一, moving past it.
fn part(text: &[char], at: &mut usize) -> Option<i8> {
    let run: Vec<char> =
        text.get(*at..)?.iter().copied().take_while(|c| digit(*c).is_some() || *c == '十').take(3).collect();
    let one = |c: &char| digit(*c).and_then(|digit| i8::try_from(digit).ok());
    let (value, length) = match run.as_slice() {
        ['十', unit, ..] if one(unit).is_some() => (10 + one(unit)?, 2),
        ['十', ..] => (10, 1),
        [tens, '十', unit] if one(unit).is_some() => (one(tens)? * 10 + one(unit)?, 3),
        [tens, '十', ..] => (one(tens)? * 10, 2),
        [tens, unit, ..] => (one(tens)? * 10 + one(unit)?, 2),
        [unit] => (one(unit)?, 1),
        [] => return None,
    };
    *at += length;
    Some(value)
}

/// A digit, Arabic or Chinese.
fn digit(character: char) -> Option<u32> {
    const CHINESE: &str = "零一二三四五六七八九";
    match character {
        '〇' | '○' | 'o' => Some(0),
        c if c.is_ascii_digit() => c.to_digit(10),
        c => CHINESE.chars().position(|digit| digit == c).and_then(|digit| u32::try_from(digit).ok()),
    }
}

#[cfg(test)]
mod tests {
    use ids::ScanId;
    use jiff::Timestamp;

    use super::*;
    use crate::dossier::Page;

    fn reading(lines: &[&str]) -> Reading {
        let line = |(at, text): (u16, &&str)| Line {
            text: (*text).to_owned(),
            confidence: 0.9,
            place: [10.0, 40.0 * f32::from(at), 300.0, 30.0],
        };
        let page =
            Page { width: 800, height: 600, lines: (0..).zip(lines).map(line).collect(), unreadable: None };
        Reading {
            format: Reading::FORMAT.to_owned(),
            scan: ScanId::new(),
            sha256: String::new(),
            at: Timestamp::UNIX_EPOCH,
            models: Vec::new(),
            school: "云南示例职业学院".to_owned(),
            pages: vec![page],
        }
    }

    fn facts() -> DiplomaFacts {
        DiplomaFacts {
            number: "105811202606000123".to_owned(),
            outcome: Some("毕业".to_owned()),
            name: "张三丰".to_owned(),
            sex: crate::person::Sex::from_text("男"),
            birth_date: Some("2005-03-04".parse().unwrap()),
            major: Some("声乐表演".to_owned()),
            level: Some("专科（高职）".to_owned()),
            years: "3".parse().ok(),
            study_form: Some("普通全日制".to_owned()),
            entry_date: Some("2023-09-01".parse().unwrap()),
            graduation_date: Some("2026-07-01".parse().unwrap()),
            issued: Some("2026-07-01".parse().unwrap()),
            president: Some("李四光".to_owned()),
        }
    }

    const PAPER: [&str; 8] = [
        "普通高等学校 毕业证书",
        "学生 张三丰 性别 男，二〇〇五年三月四日生，于二〇二三年",
        "九月至二〇二六年七月在本校 声乐表演 专业",
        "三年制专科学习，修完教学计划规定的全部课程，成绩合格，准予毕业。",
        "学习形式：普通全日制",
        "校名：云南示例职业学院    校（院）长：李四光",
        "证书编号：1058 1120 2606 0001 23",
        "二〇二六年七月一日",
    ];

    fn said(paper: &[&str], field: DiplomaField) -> (Agreement, Option<String>) {
        let all = agreement(&facts(), &reading(paper));
        let checked = all.into_iter().find(|checked| checked.field == field).unwrap();
        (checked.agreement, checked.found)
    }

    fn with(line: usize, text: &'static str) -> Vec<&'static str> {
        let mut paper = PAPER.to_vec();
        *paper.get_mut(line).unwrap() = text;
        paper
    }

    #[test]
    fn a_diploma_that_says_what_the_register_says_agrees_in_everything_also_across_lines() {
        let all = agreement(&facts(), &reading(&PAPER));
        assert_eq!(all.len(), DiplomaField::ALL.len());
        for checked in all {
            assert_eq!(checked.agreement, Agreement::Agrees, "{:?}", checked.field);
            assert!(checked.place.is_some());
        }
    }

    #[test]
    fn a_wrong_digit_differs_and_is_shown() {
        let paper = with(6, "证书编号：105811202606000128");
        let found = said(&paper, DiplomaField::Number);
        assert_eq!(found, (Agreement::Differs, Some("105811202606000128".to_owned())));
    }

    #[test]
    fn a_name_must_have_its_very_characters() {
        for (line, found) in [
            ("学生 張三丰 性别 男，二〇〇五年三月四日生", "張三丰"),
            ("学生 张三半 性别 男，二〇〇五年三月四日生", "张三半"),
            ("学生 王小明 性别 男，二〇〇五年三月四日生", "王小明"),
        ] {
            let paper = with(1, line);
            assert_eq!(said(&paper, DiplomaField::Name), (Agreement::Differs, Some(found.to_owned())));
        }
        let paper = with(1, "无法辨认");
        assert_eq!(said(&paper, DiplomaField::Name), (Agreement::NotFound, None));
    }

    #[test]
    fn dates_are_read_in_every_spelling_and_told_apart_by_what_stands_beside_them() {
        for text in ["2005年3月4日生", "2005-03-04出生", "出生日期：2005.03.04", "二〇〇五年三月四日生"]
        {
            let paper = with(1, text);
            assert_eq!(said(&paper, DiplomaField::BirthDate).0, Agreement::Agrees, "{text}");
        }
        let paper = with(1, "学生 张三丰，二〇〇五年三月十四日生");
        assert_eq!(
            said(&paper, DiplomaField::BirthDate),
            (Agreement::Differs, Some("2005-03-14".to_owned()))
        );
        let paper = with(7, "二〇二六年六月三十日");
        assert_eq!(said(&paper, DiplomaField::Issued), (Agreement::Differs, Some("2026-06-30".to_owned())));
        let paper = with(2, "2023年9月至2026年1月在本校 声乐表演 专业");
        assert_eq!(
            said(&paper, DiplomaField::GraduationDate),
            (Agreement::Differs, Some("2026-01".to_owned()))
        );
        assert_eq!(said(&paper, DiplomaField::EntryDate).0, Agreement::Agrees);
    }

    #[test]
    fn another_major_level_or_length_differs() {
        let paper = with(2, "九月至二〇二六年七月在本校 民族舞蹈 专业");
        assert_eq!(said(&paper, DiplomaField::Major), (Agreement::Differs, Some("民族舞蹈".to_owned())));
        let mut paper = with(2, "民族舞蹈专业");
        paper.insert(2, "九月至二〇二六年七月在本校");
        assert_eq!(said(&paper, DiplomaField::Major), (Agreement::Differs, Some("民族舞蹈".to_owned())));
        let paper = with(3, "四年制本科学习，成绩合格，准予结业。");
        assert_eq!(said(&paper, DiplomaField::Level), (Agreement::Differs, Some("本科".to_owned())));
        assert_eq!(said(&paper, DiplomaField::Years), (Agreement::Differs, Some("4".to_owned())));
    }

    #[test]
    fn what_the_register_does_not_say_is_not_looked_for() {
        let facts = DiplomaFacts { name: "张三丰".to_owned(), ..DiplomaFacts::default() };
        let fields: Vec<_> =
            agreement(&facts, &reading(&PAPER)).iter().map(|checked| checked.field).collect();
        assert_eq!(fields, [DiplomaField::School, DiplomaField::Name]);
    }

    #[test]
    fn the_nearest_part_of_a_text_is_found() {
        let wanted: Vec<char> = "示例职业学院".chars().collect();
        assert_eq!(nearest("云南示列职业学院印", &wanted), Some((1, "示列职业学院".to_owned())));
        assert_eq!(nearest("云南示例学院", &wanted), Some((2, "示例学院".to_owned())));
    }
}
