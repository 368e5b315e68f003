//! 学历证明: what the certificate register says of a graduate, with the graduation photo, for whoever asks to see it.

use api::Date;
use api::diploma::{Proof, Said};

use crate::acceptance::time;
use crate::sheet::Sheet;
use crate::{Fonts, Language, PaperError};

/// The photo's place beside the facts, mm: 33 × 44, as photos of 480 × 640 are.
const PHOTO: (f32, f32) = (33.0, 44.0);

/// The proof of a diploma, to be sealed. `photo` is the graduation photo as JPEG.
///
/// # Errors
///
/// When a character has no glyph, the photo is no JPEG, or the PDF can't be written.
pub fn diploma_proof(
    fonts: &Fonts,
    language: Language,
    proof: &Proof,
    photo: Option<Vec<u8>>,
) -> Result<Vec<u8>, PaperError> {
    let say = |zh, en| language.say(zh, en);
    let mut sheet = Sheet::new(fonts, language, say("学历证明", "Proof of diploma"), proof.issued);
    if let Some(photo) = photo {
        sheet.photo(PHOTO, photo);
    }
    sheet.paragraph(say(
        "兹证明，本校学历证书登记册中载有以下内容：",
        "This is to certify that the certificate register of this school says:",
    ));
    sheet.facts(&facts(language, &proof.said));
    sheet.heading(say("出具", "Issued"));
    sheet.facts(&[
        (say("用途", "Purpose"), proof.purpose.clone()),
        (say("出具人", "Issued by"), proof.by.clone()),
        (say("出具时间", "Issued at"), time(proof.issued)),
        (say("验证码", "Verification code"), proof.code.clone()),
    ]);
    sheet.paragraph(say(
        "本证明依据登记册与毕业照片档案出具，不代替学历证书。核实时请将验证码告知学校学籍管理部门，由学校在系统中查询。",
        "This proof is made from the register and the archived graduation photo; it does not replace the diploma. To \
         verify it, tell the school's registry the verification code, by which the school finds it.",
    ));
    sheet.signatures(&[
        say("经办人（签字、日期）", "For the registry (signature, date)"),
        say("学校（盖章）", "School (seal)"),
    ]);
    sheet.finish()
}

/// What the register says, in the order of the certificate; what it leaves out is left out.
fn facts(language: Language, said: &Said) -> Vec<(&'static str, String)> {
    let say = |zh: &'static str, en: &'static str| language.say(zh, en);
    let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
    let sex = match (language, said.sex.as_str()) {
        (Language::English, "男") => "male".to_owned(),
        (Language::English, "女") => "female".to_owned(),
        (_, sex) => sex.to_owned(),
    };
    let all = [
        (say("学校", "School"), said.school.clone()),
        (say("姓名", "Name"), said.name.clone()),
        (say("性别", "Sex"), sex),
        (say("出生日期", "Born"), date(said.birth_date)),
        (say("入学日期", "Entered"), date(said.entry_date)),
        (say("毕业日期", "Graduated"), date(said.graduation_date)),
        (say("专业", "Major"), said.major.clone()),
        (say("层次", "Level"), said.level.clone()),
        (say("学制（年）", "Length (years)"), said.years.clone()),
        (say("学习形式", "Form of study"), said.study_form.clone()),
        (say("毕（结）业", "Outcome"), said.outcome.clone()),
        (say("证书编号", "Certificate number"), said.number.clone()),
        (say("发证日期", "Certificate dated"), date(said.issued)),
        (say("校（院）长", "President"), said.president.clone()),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}
