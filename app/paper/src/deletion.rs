//! 销毁证明: what was proven and what was only declared, each sentence with where its proof stands.

use api::Timestamp;

use crate::acceptance::time;
use crate::sheet::Sheet;
use crate::{Fonts, Language, PaperError};

/// What the paper certificate says. The same facts as the JSON certificate, whose digest it carries; codes are put into
/// words here.
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
    /// The places.
    pub places: Vec<Place>,
    /// Conditions that were not met: code, and what that was decided on.
    pub unmet: Vec<(String, String)>,
    /// What may still be, whatever was done, as codes.
    pub risks: Vec<String>,
    /// What the vendor declared, word for word.
    pub declarations: Vec<String>,
    /// SHA-256 of the JSON certificate.
    pub digest: String,
}

/// A claim and where it rests.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Its code: `location.absent`.
    pub code: String,
    /// The place it speaks of.
    pub place: Option<String>,
    /// The messages it rests on.
    pub messages: Vec<u64>,
}

/// A place where the vendor had copies.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its id.
    pub id: String,
    /// Its kind: `disk`.
    pub kind: String,
    /// Manufacturer, model, serial number.
    pub device: String,
    /// How many objects were proven to lie there.
    pub held: u64,
    /// The level reached: `AL1`.
    pub level: String,
    /// How it was erased.
    pub erased: Option<String>,
    /// What may be left.
    pub residue: String,
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
    let coded = |table, code: &str| format!("{} ({code})", language.worded(table, code));
    sheet.facts(&[
        (say("学校", "School"), facts.school.clone()),
        (say("供应商", "Vendor"), facts.vendor.clone()),
        (say("案件编号", "Case"), facts.case.clone()),
        (say("状态", "State"), coded("case_state", &facts.state)),
        (say("保证等级", "Assurance level"), language.worded("assurance", &facts.level).to_owned()),
        (say("对象数量", "Objects"), facts.objects.to_string()),
        (say("签发时间", "Issued"), time(facts.issued)),
    ]);
    claims(&mut sheet, language, say("已证明", "Proven"), &facts.proven);
    claims(&mut sheet, language, say("仅为声明", "Declared only"), &facts.declared);
    places(&mut sheet, language, &facts.places);
    let unmet = facts.unmet.iter().map(|(code, detail)| {
        format!("{}: {}", language.worded("guard", code), language.particulars(detail))
    });
    list(&mut sheet, say("尚未满足的条件", "Conditions not met"), unmet);
    let risks = facts.risks.iter().map(|risk| language.worded("risk", risk).to_owned());
    list(&mut sheet, say("不能排除的情形", "What can't be ruled out"), risks);
    list(&mut sheet, say("供应商原话", "The vendor's own words"), facts.declarations.iter().cloned());
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
    let row = |claim: &Claim| {
        let messages = claim.messages.iter().map(|number| format!("#{number}")).collect::<Vec<_>>();
        vec![
            language.worded("claim", &claim.code).to_owned(),
            claim.place.clone().unwrap_or_default(),
            messages.join(" "),
        ]
    };
    let rows: Vec<Vec<String>> = claims.iter().map(row).collect();
    let head = [
        language.say("陈述", "Statement"),
        language.say("位置", "Place"),
        language.say("依据的消息", "Rests on the messages"),
    ];
    sheet.table(&head, &[4.0, 1.2, 1.4], &rows);
}

fn places(sheet: &mut Sheet<'_>, language: Language, places: &[Place]) {
    if places.is_empty() {
        return;
    }
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("存放位置", "Places"));
    for place in places {
        sheet.facts(&[
            (say("位置", "Place"), format!("{} {}", language.worded("location", &place.kind), place.id)),
            (say("申报的设备", "Declared device"), place.device.clone()),
            (say("证明存放的张数", "Objects proven to lie there"), place.held.to_string()),
            (say("保证等级", "Assurance level"), language.worded("assurance", &place.level).to_owned()),
            (say("删除方法", "How erased"), place.erased.clone().unwrap_or_else(|| "—".to_owned())),
            (say("可能残留", "What may be left"), place.residue.clone()),
        ]);
    }
}

fn list(sheet: &mut Sheet<'_>, heading: &str, lines: impl ExactSizeIterator<Item = String>) {
    if lines.len() == 0 {
        return;
    }
    sheet.heading(heading);
    for line in lines {
        sheet.paragraph(&format!("– {line}"));
    }
}
