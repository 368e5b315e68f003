//! 销毁证明: what was proven and what was only declared, each sentence with where its proof stands.

use api::Timestamp;

use crate::acceptance::time;
use crate::sheet::Sheet;
use crate::{Fonts, Language, PaperError};

/// What the paper certificate says. The same facts as the JSON certificate, whose digest it carries.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The school.
    pub school: String,
    /// The vendor.
    pub vendor: String,
    /// The case.
    pub case: String,
    /// `PARTIAL` or `CERTIFIED`.
    pub state: String,
    /// `AL0` … `AL4`.
    pub level: String,
    /// How many objects were in scope.
    pub objects: u64,
    /// When it was issued.
    pub issued: Timestamp,
    /// What is proven, with where.
    pub proven: Vec<Claim>,
    /// What is only declared.
    pub declared: Vec<Claim>,
    /// Conditions that were not met.
    pub unmet: Vec<String>,
    /// SHA-256 of the JSON certificate.
    pub digest: String,
}

/// A sentence and where it rests.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The sentence.
    pub text: String,
    /// The message or ledger leaf it rests on.
    pub rests_on: String,
}

/// The deletion certificate on paper.
///
/// # Errors
///
/// When a character has no glyph or the PDF can't be written.
pub fn deletion_certificate(
    fonts: &Fonts,
    language: Language,
    facts: &Certificate,
) -> Result<Vec<u8>, PaperError> {
    let say = |zh, en| language.say(zh, en);
    let mut sheet = Sheet::new(fonts, language, say("销毁证明", "Deletion certificate"), facts.issued);
    sheet.facts(&[
        (say("学校", "School"), facts.school.clone()),
        (say("供应商", "Vendor"), facts.vendor.clone()),
        (say("案件编号", "Case"), facts.case.clone()),
        (say("状态", "State"), facts.state.clone()),
        (say("保证等级", "Assurance level"), facts.level.clone()),
        (say("对象数量", "Objects"), facts.objects.to_string()),
        (say("签发时间", "Issued"), time(facts.issued)),
    ]);
    claims(&mut sheet, language, say("已证明", "Proven"), &facts.proven);
    claims(&mut sheet, language, say("仅为声明", "Declared only"), &facts.declared);
    if !facts.unmet.is_empty() {
        sheet.heading(say("尚未满足的条件", "Conditions not met"));
        for line in &facts.unmet {
            sheet.paragraph(&format!("– {line}"));
        }
    }
    sheet.heading(say("如何核验", "How to check this"));
    sheet.paragraph(say(
        "本证明的电子版可离线核验：xuecang certificate verify 文件。其 SHA-256 为：",
        "The electronic certificate verifies offline: xuecang certificate verify FILE. Its SHA-256 is:",
    ));
    sheet.paragraph(&facts.digest);
    sheet.signatures(&[
        say("学校经办人一", "Officer 1 of the school"),
        say("学校经办人二", "Officer 2 of the school"),
        say("供应商签署人", "For the vendor"),
        say("见证人", "Witness"),
    ]);
    sheet.finish()
}

fn claims(sheet: &mut Sheet<'_>, language: Language, heading: &str, claims: &[Claim]) {
    if claims.is_empty() {
        return;
    }
    sheet.heading(heading);
    let rows: Vec<Vec<String>> =
        claims.iter().map(|claim| vec![claim.text.clone(), claim.rests_on.clone()]).collect();
    sheet.table(&[language.say("陈述", "Statement"), language.say("依据", "Rests on")], &[4.0, 1.4], &rows);
}
