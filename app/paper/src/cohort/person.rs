//! 个体人像比对报告: one person's photos side by side, what the machine proposed, what people concluded.

use std::fmt;

use api::Timestamp;
use api::cohort::{Case, CasePhoto, Cohort, Outcome};
use api::ids::PhotoId;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{begin, concluded, method, short, signatures, similarity};
use crate::acceptance::time;
use crate::sheet::{Framed, Sheet};
use crate::{Fonts, Language, PaperError};

/// The person a report is about.
#[derive(Clone)]
pub struct PersonOnPaper {
    /// 姓名
    pub name: String,
    /// The student number, as it is to be printed.
    pub number: String,
    /// 学院
    pub college: String,
    /// 专业
    pub major: String,
    /// 班级
    pub class: String,
    /// The photos of the case as upright JPEGs. One that is missing here or can't be decoded leaves its frame empty.
    pub photos: Vec<(PhotoId, Vec<u8>)>,
}

impl fmt::Debug for PersonOnPaper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonOnPaper(withheld)")
    }
}

/// The report on one person of a cohort, to be printed, signed and sealed. Of other people it shows neither photo nor
/// name, so that it can lie in the person's file.
///
/// # Errors
///
/// When a character has no glyph or the PDF can't be written.
pub fn person_report(
    fonts: &Fonts,
    language: Language,
    school: &str,
    cohort: &Cohort,
    person: &PersonOnPaper,
    case: &Case,
    at: Timestamp,
) -> Result<Vec<u8>, PaperError> {
    let say = |zh, en| language.say(zh, en);
    let title = say("个体人像比对报告", "Report on one person's face comparison");
    let mut sheet = Sheet::new(fonts, language, title, at);
    begin(&mut sheet, language, cohort, &format!("{} {}", person.name, person.number));
    sheet.facts(&[
        (say("学校", "School"), school.to_owned()),
        (say("姓名", "Name"), person.name.clone()),
        (say("学号", "Student number"), person.number.clone()),
        (say("学院", "College"), person.college.clone()),
        (say("专业", "Major"), person.major.clone()),
        (say("班级", "Class"), person.class.clone()),
        (say("机器比对结果", "Machine proposes"), language.word("cohort_outcome", case.row.outcome)),
        (say("人工结论", "Found by people"), outcome(language, case)),
        (say("报告出具", "Report made"), time(at)),
    ]);
    pictures(&mut sheet, language, person, case);
    machine(&mut sheet, language, cohort, case);
    look_alikes(&mut sheet, language, case);
    people(&mut sheet, language, case);
    signatures(&mut sheet, language, cohort);
    sheet.signatures(&[
        say("核查人（签字、日期）", "Looked at by (signature, date)"),
        say("部门负责人（签字、日期）", "Head of department (signature, date)"),
        say("校领导（签字、日期）", "School leader (signature, date)"),
        say("学校（盖章）", "School (seal)"),
    ]);
    sheet.finish()
}

/// Nobody looks at a clear case that was not drawn; the paper does not pretend otherwise.
fn outcome(language: Language, case: &Case) -> String {
    match (case.row.disposition, case.row.waits) {
        (None, false) => language.say("尚无（一致且未抽中）", "nothing yet (a match, not drawn)").to_owned(),
        (disposition, _) => concluded(language, disposition),
    }
}

fn pictures(sheet: &mut Sheet<'_>, language: Language, person: &PersonOnPaper, case: &Case) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("照片", "Photos"));
    if case.photos.is_empty() {
        sheet.paragraph(say("没有照片。", "There are no photos."));
        return;
    }
    let photos: Vec<_> = case
        .photos
        .iter()
        .map(|photo| {
            let jpeg = person.photos.iter().find(|(id, _)| *id == photo.id).map(|(_, jpeg)| jpeg);
            let size = jpeg.and_then(|jpeg| Some((jpeg.clone(), size(jpeg)?)));
            let said = photo.refusal.iter().chain(&photo.hinders);
            let said = said.map(|code| language.reason(code).to_owned());
            let lines = [label(language, case, photo), short(&photo.sha256).to_owned()];
            Framed {
                photo: size.ok_or_else(|| say("照片无法读取", "The photo can't be read").to_owned()),
                lines: lines.into_iter().chain(said).collect(),
            }
        })
        .collect();
    sheet.side_by_side(&photos);
    sheet.paragraph(say(
        "照片下方为其序号、种类、原文件 SHA-256 的前 16 位，以及不能用于比对的原因。",
        "Below each photo: its number and kind, the first 16 digits of its file's SHA-256, and why it is no ground for \
         a match, if so.",
    ));
}

/// The size of a JPEG that can be decoded and set into the paper; PDF/A takes no printing colours without their profile.
fn size(jpeg: &[u8]) -> Option<(u16, u16)> {
    let options = DecoderOptions::default().set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    decoder.decode().ok()?;
    let coloured =
        matches!(decoder.input_colorspace()?, ColorSpace::Luma | ColorSpace::RGB | ColorSpace::YCbCr);
    let size = decoder.info().map(|info| (info.width, info.height))?;
    coloured.then_some(size)
}

/// How a photo is called all over the paper: its number among the person's, and its kind.
fn label(language: Language, case: &Case, photo: &CasePhoto) -> String {
    let number = case.photos.iter().position(|other| other.id == photo.id).unwrap_or_default() + 1;
    format!("{number} {}", language.word("photo_kind", photo.kind))
}

fn labelled(language: Language, case: &Case, id: PhotoId) -> String {
    let photo = case.photos.iter().find(|photo| photo.id == id);
    photo.map(|photo| label(language, case, photo)).unwrap_or_default()
}

fn machine(sheet: &mut Sheet<'_>, language: Language, cohort: &Cohort, case: &Case) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("机器比对（仅为建议）", "What the machine compared; it only proposes"));
    if case.pairs.is_empty() {
        sheet.paragraph(say("机器没有比对任何两张照片。", "The machine compared no two photos."));
    } else {
        let rows: Vec<_> = case
            .pairs
            .iter()
            .map(|pair| {
                vec![
                    labelled(language, case, pair.one),
                    labelled(language, case, pair.other),
                    similarity(Some(pair.similarity)),
                    language.word("verdict", pair.verdict),
                ]
            })
            .collect();
        sheet.table(
            &[
                say("照片", "Photo"),
                say("照片", "Photo"),
                say("相似度", "Similarity"),
                say("本对结果", "This pair"),
            ],
            &[3.0, 3.0, 2.0, 2.0],
            &rows,
        );
    }
    let ground = match (case.consent, case.bar) {
        (_, Some(bar)) => {
            format!("{}{}", say("未比对：", "not compared: "), language.word("reason", bar))
        }
        (Some(number), None) => match language {
            Language::Chinese => format!("本人同意，第 {number} 号"),
            Language::English => format!("consent number {number}"),
        },
        (None, None) => say("没有登记", "none recorded").to_owned(),
    };
    let reasons = case.row.reasons.iter().map(|code| language.reason(code)).collect::<Vec<_>>();
    let reasons = match reasons.is_empty() {
        true => say("无", "none").to_owned(),
        false => reasons.join(say("；", "; ")),
    };
    let mut facts = vec![
        (say("起决定作用的相似度", "Similarity that decides"), similarity(case.row.similarity)),
        (say("原因", "Reasons"), reasons),
        (say("比对依据", "Ground"), ground),
        (say("采集批次", "Campaign"), cohort.campaign_name.clone()),
        (say("比对编号", "Cohort"), cohort.id.to_string()),
        (say("比对完成", "Compared"), time(cohort.at)),
    ];
    facts.extend(method(language, cohort));
    sheet.facts(&facts);
    sheet.paragraph(say(
        "相似度为余弦值（-1 至 1），不是百分比，也不是同一人的概率；此处四舍五入到三位，判定依据未舍入的值。\
         机器只提出建议，结论由人作出，经三级审签成立。",
        "Similarity is a cosine from -1 to 1, neither a percentage nor the probability that it is one person; it is \
         rounded to three digits here, and the machine goes by what is not rounded. The machine only proposes; people \
         conclude, and no conclusion holds before all three levels have signed.",
    ));
}

fn look_alikes(sheet: &mut Sheet<'_>, language: Language, case: &Case) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("与他人照片过于相似", "Too much like somebody else's photo"));
    if case.look_alikes.is_empty() {
        let compared = case.bar.is_none() && case.photos.iter().any(|photo| photo.refusal.is_none());
        sheet.paragraph(match compared {
            true => say("未发现。", "None was found."),
            false => say("机器没有比对。", "The machine did not compare."),
        });
        return;
    }
    let rows: Vec<_> = case
        .look_alikes
        .iter()
        .map(|other| {
            vec![
                labelled(language, case, other.photo),
                match &other.campaign {
                    Some(name) => format!("{} {name}", other.number),
                    None => other.number.clone(),
                },
                language.word("photo_kind", other.kind),
                similarity(Some(other.similarity)),
            ]
        })
        .collect();
    sheet.table(
        &[
            say("本人照片", "This person's photo"),
            say("他人学号", "The other's number"),
            say("他人照片", "The other's photo"),
            say("相似度", "Similarity"),
        ],
        &[3.0, 3.0, 2.0, 2.0],
        &rows,
    );
}

fn people(sheet: &mut Sheet<'_>, language: Language, case: &Case) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("人工核查", "What people said"));
    if case.words.is_empty() {
        let clear = case.row.outcome == Outcome::Match && !case.row.sampled && !case.row.waits;
        sheet.paragraph(match clear {
            true => say(
                "机器判为一致、未被抽中，没有人逐一查看；自审查人员签署起计为正常。",
                "A match of the machine's that was not drawn for the sample: nobody looked at it. It counts as normal \
                 once the examiner has signed.",
            ),
            false => say("尚无可列出的核查意见。", "There is nothing to be shown yet."),
        });
        return;
    }
    let rows: Vec<_> = case
        .words
        .iter()
        .map(|word| {
            vec![
                word.round.to_string(),
                word.by.clone(),
                language.word("disposition", word.disposition),
                word.note.clone(),
                time(word.at),
            ]
        })
        .collect();
    sheet.table(
        &[
            say("轮次", "Round"),
            say("核查人", "By"),
            say("结论", "Found"),
            say("备注", "Remarks"),
            say("时间", "When"),
        ],
        &[1.0, 2.0, 1.6, 4.4, 2.8],
        &rows,
    );
}
