use std::io::{Cursor, Write as _};
use std::process::{Command, Stdio};

use api::Timestamp;
use api::cohort::*;
use api::dossier::PhotoKind;
use api::face::Verdict;
use api::ids::{CalibrationId, CampaignId, CohortId, PersonId, PhotoId};
use api::law::Bar;
use image::{ImageFormat, Rgb, RgbImage};

use super::*;
use crate::{Fonts, PaperError};

const LANGUAGES: [Language; 2] = [Language::Chinese, Language::English];
const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// The fonts, and whether a paper can be read.
fn fonts() -> Option<Fonts> {
    let Ok(fonts) = Fonts::installed() else {
        println!("skipped: fonts-noto-cjk is not installed");
        return None;
    };
    if Command::new("pdftotext").arg("-v").output().is_err() {
        println!("skipped: pdftotext is not there; `cargo xtask setup` installs it");
        return None;
    }
    Some(fonts)
}

/// The pages of a PDF as text without spaces.
fn pages(pdf: &[u8]) -> Vec<String> {
    let mut child = Command::new("pdftotext")
        .args(["-raw", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\u{c}').map(|page| page.split_whitespace().collect()).collect()
}

fn holds(text: &str, said: &[&str]) {
    for words in said {
        let words: String = words.split_whitespace().collect();
        assert!(text.contains(&words), "the paper does not say “{words}”:\n{text}");
    }
}

/// Leaves a paper for whoever wants to look at it.
fn leave(name: &str, language: Language, pdf: &[u8]) {
    if let Some(path) = std::env::var_os("XUECANG_ARTEFACTS") {
        std::fs::write(std::path::Path::new(&path).join(format!("{name}-{}.pdf", language.tag())), pdf)
            .unwrap();
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_757_900_000 + minute * 60).unwrap()
}

fn signature(level: Level, by: &str, minute: i64) -> Signature {
    Signature {
        level,
        sent_back: false,
        stands: true,
        by: by.to_owned(),
        at: at(minute),
        note: String::new(),
        digest: DIGEST.to_owned(),
        public_key: Some(KEY.to_owned()),
        signature: Some("c2lnbmVk".to_owned()),
    }
}

fn cohort(state: CohortState) -> Cohort {
    let back = Signature {
        sent_back: true,
        stands: false,
        public_key: None,
        signature: None,
        note: "音乐学院两人的备注不清楚，请补充证据后再报。".to_owned(),
        ..signature(Level::Department, "周卫国", 30)
    };
    let mut signatures = vec![
        Signature { stands: false, ..signature(Level::Examiner, "李芳", 10) },
        back,
        signature(Level::Examiner, "李芳", 60),
    ];
    if state == CohortState::Signed {
        signatures.push(signature(Level::Department, "周卫国", 90));
        signatures.push(signature(Level::School, "阿卜杜拉·买买提", 180));
    }
    Cohort {
        id: CohortId::new(),
        campaign: CampaignId::new(),
        campaign_name: "2025 级新生入学资格复查".to_owned(),
        state,
        at: at(0),
        by: "李芳".to_owned(),
        model: "SFace 2021-12".to_owned(),
        calibration: CalibrationId::new(),
        calibration_version: "2025-09-10/2".to_owned(),
        accept: 0.42,
        reject: 0.2875,
        rule_set: "xuexin-2024/3".to_owned(),
        alike: 0.55,
        alike_by_chance: Some(1.2),
        other_campaigns: vec![OtherCampaign {
            campaign: CampaignId::new(),
            name: "2024 级".to_owned(),
            people: 3912,
        }],
        counts: counts(),
        sample: Sample {
            percent: 5,
            size: 181,
            looked_at: 181,
            contradicted: 1,
            wrong_at_most: Some(0.025_93),
        },
        signatures,
        archived: false,
        digest: DIGEST.to_owned(),
        next: (state == CohortState::Open).then_some(Level::Department),
        may_sign: false,
    }
}

fn counts() -> Counts {
    Counts {
        people: 3786,
        photos: 11_204,
        pairs: 11_090,
        matched: 3620,
        unsure: 88,
        no_match: 21,
        by_hand: 57,
        waiting: 3,
        normal: 3726,
        doubtful: 44,
        abnormal: 13,
    }
}

fn groups() -> Vec<GroupOnPaper> {
    let names = ["音乐学院", "舞蹈学院", "美术与设计学院（含民族工艺美术系）", "传媒学院", ""];
    let group = |(number, name): (usize, &&str)| {
        let people = 700 + number * 31;
        let one = |place: usize| match place {
            0..4 => (Outcome::NoMatch, Some(Disposition::Abnormal)),
            4..20 => (Outcome::Unsure, Some(Disposition::Doubtful)),
            20..30 => (Outcome::ByHand, None),
            _ => (Outcome::Match, Some(Disposition::Normal)),
        };
        GroupOnPaper { name: (*name).to_owned(), people: (0..people).map(one).collect() }
    };
    names.iter().enumerate().map(group).collect()
}

fn word(round: u32, by: &str, disposition: Disposition, note: &str) -> Word {
    Word { round, by: by.to_owned(), disposition, note: note.to_owned(), at: at(20 + i64::from(round)) }
}

fn listed(count: usize) -> Vec<CaseOnPaper> {
    let names = ["王䶮", "阿卜杜热西提·买买提艾力", "张𠮷祥", "李㛃", "欧阳修远"];
    let case = |number: usize| {
        let outcome = [Outcome::Unsure, Outcome::NoMatch, Outcome::ByHand, Outcome::Match][number % 4];
        let disposition = [Some(Disposition::Doubtful), Some(Disposition::Abnormal), None][number % 3];
        let reasons: &[&str] = match outcome {
            Outcome::Unsure => &["FACE-UNSURE", "IMG-15"],
            Outcome::NoMatch => &["FACE-NOT-SAME", "COHORT-ALIKE"],
            Outcome::ByHand => &["no-consent"],
            Outcome::Match => &[],
        };
        CaseOnPaper {
            number: format!("2025{:08}", 1_031_000 + number),
            row: CaseRow {
                person: PersonId::new(),
                name: names[number % names.len()].to_owned(),
                number: String::new(),
                college: ["音乐学院", "美术与设计学院"][number % 2].to_owned(),
                class: ["音乐表演2501班", "民族传统技艺（刺绣方向）2502班"][number % 2].to_owned(),
                outcome,
                similarity: (outcome != Outcome::ByHand).then_some(0.311),
                reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
                alike: 0,
                sampled: outcome == Outcome::Match,
                disposition,
                said: 2,
                waits: disposition.is_none(),
                mine: false,
            },
            words: vec![
                word(1, "前一轮", Disposition::Normal, "作废"),
                word(2, "李芳", Disposition::Doubtful, ""),
                word(2, "王建国", Disposition::Doubtful, "身份证照片年代久远，\r\n已要求\t补拍。"),
            ],
        }
    };
    (0..count).map(case).collect()
}

fn report(fonts: &Fonts, language: Language, cohort: &Cohort, listed: &[CaseOnPaper]) -> Vec<u8> {
    cohort_report(fonts, language, "云南艺术职业学院", cohort, listed, &groups(), at(200)).unwrap()
}

#[test]
fn the_report_on_a_cohort_lists_sixty_people_over_pages_that_repeat_the_head() {
    let Some(fonts) = fonts() else { return };
    let (cohort, listed) = (cohort(CohortState::Open), listed(60));
    for language in LANGUAGES {
        let pdf = report(&fonts, language, &cohort, &listed);
        leave("cohort", language, &pdf);
        let pages = pages(&pdf);
        let with_people = pages.iter().filter(|page| page.contains("202501031"));
        let with_people: Vec<_> = with_people.collect();
        assert!(with_people.len() > 2, "{} pages list people", with_people.len());
        for page in &with_people {
            let found = language.say("人工结论", "Found");
            assert!(page.contains(found) && page.contains(language.say("核查人", "By")), "{page}");
        }
        for (number, page) in pages.iter().enumerate() {
            holds(page, &[&cohort.id.to_string(), &format!("{}/{}", number + 1, pages.len())]);
        }
        let text = pages.concat();
        for case in &listed {
            holds(&text, &[&case.number]);
        }
        assert!(!text.contains("前一轮") && !text.contains("作废"), "an earlier round is no conclusion");
        holds(&text, &["王䶮", "阿卜杜热西提·买买提艾力", "0.311", DIGEST, "身份证照片年代久远"]);
        holds(&text, &[language.say("2024 级（3912 人）", "2024 级 (3912 people)")]);
    }
}

#[test]
fn a_report_says_whether_anything_may_be_concluded_from_it() {
    let Some(fonts) = fonts() else { return };
    for (state, chinese, english) in [
        (CohortState::Open, "未完成三级审签，不得作为结论使用", "Not signed by all three levels"),
        (CohortState::Signed, "三级审签完成", "Signed by all three levels"),
        (CohortState::Superseded, "以后一次为准", "the later comparison counts"),
    ] {
        for language in LANGUAGES {
            let first = pages(&report(&fonts, language, &cohort(state), &[])).remove(0);
            holds(&first, &[language.say(chinese, english)]);
        }
    }
}

#[test]
fn a_signed_report_shows_its_figures_its_signatures_and_that_nobody_is_listed() {
    let Some(fonts) = fonts() else { return };
    let mut cohort = cohort(CohortState::Signed);
    cohort.reject = 0.25;
    cohort.counts = Counts { waiting: 0, normal: 3786, doubtful: 0, abnormal: 0, ..counts() };
    for language in LANGUAGES {
        let pdf = report(&fonts, language, &cohort, &[]);
        leave("cohort-signed", language, &pdf);
        let text = pages(&pdf).concat();
        holds(&text, &["3786", "95.62 %", "2.59 %", "181", "≥ 0.420", "< 0.250", "0.550", "1.2", KEY]);
        holds(&text, &["周卫国", "阿卜杜拉·买买提", "请补充证据后再报"]);
        holds(&text, &[language.say("无：没有认定为存疑", "None: nobody was found doubtful")]);
        holds(&text, &[language.say("尚待签署 无", "Still to sign none")]);
    }
}

#[test]
fn what_is_not_known_is_said_to_be_not_known() {
    let Some(fonts) = fonts() else { return };
    let mut cohort = cohort(CohortState::Open);
    cohort.alike_by_chance = None;
    cohort.sample.wrong_at_most = None;
    cohort.signatures.clear();
    let text = pages(&report(&fonts, Language::Chinese, &cohort, &[])).concat();
    holds(
        &text,
        &["其中可能只是巧合：不详", "不详：抽样尚无人核查", "尚无人签署", "审查人员、部门负责人、校领导"],
    );
    let text = pages(&report(&fonts, Language::English, &cohort, &[])).concat();
    holds(&text, &["not known how many", "not known: nobody has looked", "Nobody has signed"]);
}

#[test]
fn a_remark_longer_than_a_page_goes_on_where_the_next_begins() {
    let Some(fonts) = fonts() else { return };
    let mut listed = listed(3);
    listed[1].words[2].note = format!("始{}终", "龘".repeat(900));
    let text = pages(&report(&fonts, Language::Chinese, &cohort(CohortState::Open), &listed)).concat();
    assert_eq!(text.matches('龘').count(), 900);
    holds(&text, &["终", &listed[2].number]);
}

/// A made-up face: no more than a picture that has an up and a left.
fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32 - 0.5);
        match x * x * 2.0 + y * y < 0.1 {
            true => Rgb([224, 190, 170]),
            false => Rgb([90, 140, 200]),
        }
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn photo(kind: PhotoKind) -> CasePhoto {
    CasePhoto { id: PhotoId::new(), kind, sha256: DIGEST.to_owned(), refusal: None, hinders: Vec::new() }
}

fn case(kinds: &[PhotoKind]) -> Case {
    let mut photos: Vec<_> = kinds.iter().map(|kind| photo(*kind)).collect();
    if let Some(last) = photos.last_mut() {
        last.hinders = vec!["IMG-15".to_owned(), "IMG-18".to_owned()];
    }
    let mut pairs = Vec::new();
    for (place, one) in photos.iter().enumerate() {
        for other in &photos[place + 1..] {
            let pair =
                CasePair { one: one.id, other: other.id, similarity: 0.3114, verdict: Verdict::Unsure };
            pairs.push(pair);
        }
    }
    let look_alikes = photos.first().map(|photo| LookAlike {
        photo: photo.id,
        person: PersonId::new(),
        name: "不得出现".to_owned(),
        number: "2025****0417".to_owned(),
        other: PhotoId::new(),
        kind: PhotoKind::Admission,
        similarity: 0.612,
        campaign: Some("2024 级".to_owned()),
    });
    Case {
        row: CaseRow {
            person: PersonId::new(),
            name: "阿卜杜热西提·买买提艾力".to_owned(),
            number: "2025****0001".to_owned(),
            college: "音乐学院".to_owned(),
            class: "音乐表演2501班".to_owned(),
            outcome: Outcome::Unsure,
            similarity: Some(0.3114),
            reasons: vec!["FACE-UNSURE".to_owned(), "COHORT-ALIKE".to_owned()],
            alike: 1,
            sampled: false,
            disposition: Some(Disposition::Doubtful),
            said: 2,
            waits: false,
            mine: false,
        },
        bar: None,
        photos,
        pairs,
        look_alikes: look_alikes.into_iter().collect(),
        consent: Some(417),
        words: vec![
            word(1, "李芳", Disposition::Normal, ""),
            word(1, "王建国", Disposition::Doubtful, "录取照片戴眼镜，眉形与现场照片不同。"),
            word(2, "赵敏", Disposition::Doubtful, "已请本人到场，查验身份证与高中档案，仍不能确定。"),
        ],
        may_say: false,
        may_reopen: false,
        next: None,
    }
}

fn person(photos: Vec<(PhotoId, Vec<u8>)>) -> PersonOnPaper {
    PersonOnPaper {
        name: "阿卜杜热西提·买买提艾力".to_owned(),
        number: "202501030001".to_owned(),
        college: "音乐学院".to_owned(),
        major: "音乐表演（民族器乐方向）".to_owned(),
        class: "音乐表演2501班".to_owned(),
        photos,
    }
}

fn paper(
    fonts: &Fonts,
    language: Language,
    person: &PersonOnPaper,
    case: &Case,
) -> Result<Vec<u8>, PaperError> {
    person_report(fonts, language, "云南艺术职业学院", &cohort(CohortState::Signed), person, case, at(200))
}

#[test]
fn the_report_on_a_person_shows_the_photos_but_nobody_else() {
    let Some(fonts) = fonts() else { return };
    let case = case(&[PhotoKind::Admission, PhotoKind::Enrolment, PhotoKind::IdCard]);
    let sizes = [(480, 640), (600, 400), (358, 441)];
    let photos =
        case.photos.iter().zip(sizes).map(|(photo, (width, height))| (photo.id, jpeg(width, height)));
    let person = person(photos.collect());
    for language in LANGUAGES {
        let pdf = paper(&fonts, language, &person, &case).unwrap();
        leave("person", language, &pdf);
        assert_eq!(pdf.windows(10).filter(|bytes| bytes == b"/DCTDecode").count(), 3);
        let pages = pages(&pdf);
        for page in &pages {
            holds(page, &["阿卜杜热西提·买买提艾力 202501030001", &DIGEST[..16]]);
        }
        let text = pages.concat();
        holds(&text, &["阿卜杜热西提·买买提艾力", "202501030001", "音乐表演（民族器乐方向）", "0.311"]);
        holds(&text, &["2025****0417", "0.612", "417", &DIGEST[..16], "赵敏", KEY]);
        holds(&text, &[language.say("1 录取照片", "1 Admission"), language.reason("COHORT-ALIKE")]);
        assert!(!text.contains("不得出现"), "another person's name is on the paper");
        assert!(!text.contains(language.say("照片无法读取", "can'tberead")));
    }
}

#[test]
fn a_photo_that_cannot_be_decoded_leaves_its_frame_empty() {
    let Some(fonts) = fonts() else { return };
    let case = case(&[
        PhotoKind::Admission,
        PhotoKind::Enrolment,
        PhotoKind::Graduation,
        PhotoKind::Original,
        PhotoKind::IdCard,
    ]);
    let whole = jpeg(480, 640);
    let cut = whole[..whole.len() / 2].to_vec();
    let all = [Some(whole), Some(b"no picture".to_vec()), Some(cut), Some(Vec::new()), None];
    let photos = case.photos.iter().zip(all).filter_map(|(photo, jpeg)| Some((photo.id, jpeg?)));
    let person = person(photos.collect());
    for language in LANGUAGES {
        let pdf = paper(&fonts, language, &person, &case).unwrap();
        leave("person-five", language, &pdf);
        assert_eq!(pdf.windows(10).filter(|bytes| bytes == b"/DCTDecode").count(), 1);
        let text = pages(&pdf).concat();
        let words: String = language.say("照片无法读取", "The photo can't be read").split(' ').collect();
        assert_eq!(text.matches(&words).count(), 4);
    }
}

#[test]
fn a_face_that_may_not_be_compared_is_reported_with_the_reason() {
    let Some(fonts) = fonts() else { return };
    let mut case = case(&[PhotoKind::Admission, PhotoKind::Enrolment]);
    case.row.outcome = Outcome::ByHand;
    case.row.similarity = None;
    case.row.reasons = vec!["no-consent".to_owned()];
    case.bar = Some(Bar::NoConsent);
    case.consent = None;
    case.pairs.clear();
    case.look_alikes.clear();
    case.row.disposition = None;
    case.row.waits = true;
    case.words.clear();
    for language in LANGUAGES {
        let pdf = paper(&fonts, language, &person(Vec::new()), &case).unwrap();
        leave("person-by-hand", language, &pdf);
        let text = pages(&pdf).concat();
        holds(&text, &[language.word("reason", Bar::NoConsent).as_str()]);
        holds(&text, &[language.say("机器没有比对任何两张照片", "compared no two photos")]);
        holds(&text, &[language.say("人工结论 待核查", "Found by people not settled")]);
    }
}
