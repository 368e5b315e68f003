//! 人像比对报告: what the machine proposed of a campaign's people, what people concluded, and who signed that.

mod person;
mod school;
#[cfg(test)]
mod tests;

pub use person::{PersonOnPaper, person_report};
pub use school::{CaseOnPaper, GroupOnPaper, cohort_report};

use api::cohort::{Cohort, CohortState, Disposition, Level, Signature};

use crate::Language;
use crate::acceptance::time;
use crate::sheet::Sheet;

/// How many hex digits of a digest stand where there is no room for all.
const SHORT: usize = 16;
/// How much of a page the digest and the places to sign take, mm.
const TO_SIGN: f32 = 75.0;

/// A cohort's paper begins with whether anything may be concluded from it; every page says what it is about, and of which
/// digest.
fn begin(sheet: &mut Sheet<'_>, language: Language, cohort: &Cohort, about: &str) {
    let say = |zh, en| language.say(zh, en);
    sheet.foot(&format!("{about} · {}", short(&cohort.digest)));
    sheet.notice(match cohort.state {
        CohortState::Signed => say("三级审签完成。", "Signed by all three levels."),
        CohortState::Open => {
            say("未完成三级审签，不得作为结论使用。", "Not signed by all three levels: no conclusion yet.")
        }
        CohortState::Superseded => say(
            "本次比对未签结，已重新比对，以后一次为准；不得作为结论使用。",
            "Compared again before it was signed; the later comparison counts. No conclusion.",
        ),
    });
}

/// What decided how the machine answers.
fn method(language: Language, cohort: &Cohort) -> Vec<(&'static str, String)> {
    let say = |zh: &'static str, en: &'static str| language.say(zh, en);
    let (accept, reject) = (cohort.accept, cohort.reject);
    let thresholds = match language {
        Language::Chinese => {
            format!("相似度 ≥ {accept:.3} 为一致；< {reject:.3} 为不一致；其间为存疑")
        }
        Language::English => {
            format!("similarity ≥ {accept:.3}: match; < {reject:.3}: no match; between: unsure")
        }
    };
    let others = cohort.other_campaigns.iter().map(|one| match language {
        Language::Chinese => format!("{}（{} 人）", one.name, one.people),
        Language::English => format!("{} ({} people)", one.name, one.people),
    });
    let others = (!cohort.other_campaigns.is_empty()).then(|| {
        let names = others.collect::<Vec<_>>().join(language.say("；", "; "));
        (say("另查相像的批次", "Also looked through"), names)
    });
    let mut lines = vec![
        (say("模型", "Model"), cohort.model.clone()),
        (say("校准版本", "Calibration"), cohort.calibration_version.clone()),
        (say("判定阈值", "Thresholds"), thresholds),
        (say("与他人相似阈值", "Look-alike from"), alike(language, cohort)),
        (say("照片规则", "Photo rules"), cohort.rule_set.clone()),
    ];
    lines.extend(others);
    lines
}

/// From what on somebody else's photo is too much like one's own.
fn alike(language: Language, cohort: &Cohort) -> String {
    let say = |zh, en| language.say(zh, en);
    let by_chance = match cohort.alike_by_chance {
        None => say("不详", "not known how many").to_owned(),
        Some(pairs) if pairs < 0.1 => say("不到 0.1 对", "less than 0.1 pairs").to_owned(),
        Some(pairs) => format!("{} {pairs:.1} {}", say("约", "about"), say("对", "pairs")),
    };
    let from = cohort.alike;
    match language {
        Language::Chinese => format!(
            "相似度 ≥ {from:.3}（其中可能只是巧合：{by_chance}）；或达到一致的阈值，且比本人的其他照片更像"
        ),
        Language::English => format!(
            "similarity ≥ {from:.3} (of these by chance: {by_chance}); or a match, and more like it than any photo \
             of the person's own"
        ),
    }
}

/// Who signed, who sent back, and which levels are still to sign.
fn signatures(sheet: &mut Sheet<'_>, language: Language, cohort: &Cohort) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("三级审签", "Signatures of the three levels"));
    if cohort.signatures.is_empty() {
        sheet.paragraph(say("尚无人签署。", "Nobody has signed."));
    } else {
        let rows: Vec<_> = cohort.signatures.iter().map(|signature| signed(language, signature)).collect();
        sheet.table(
            &[
                say("级别", "Level"),
                say("签署人", "By"),
                say("时间", "When"),
                say("状态", "State"),
                say("备注", "Note"),
                say("SHA-256（前 16 位）、公钥", "SHA-256 (16 digits), public key"),
            ],
            &[21.0, 23.0, 23.0, 17.0, 32.0, 54.0],
            &rows,
        );
    }
    let stands = |level| {
        cohort
            .signatures
            .iter()
            .any(|signature| signature.stands && !signature.sent_back && signature.level == level)
    };
    let missing: Vec<_> = Level::ALL
        .into_iter()
        .filter(|level| !stands(*level))
        .map(|level| language.word("level", level))
        .collect();
    let missing = match missing.is_empty() {
        true => say("无", "none").to_owned(),
        false => missing.join(say("、", ", ")),
    };
    // A page with nothing but places to sign would prove nothing.
    sheet.room(TO_SIGN);
    sheet.facts(&[(say("尚待签署", "Still to sign"), missing)]);
    sheet.paragraph(say(
        "签署内容的 SHA-256（每页页脚为其前 16 位）：",
        "SHA-256 of what is signed, whose first 16 digits stand at the foot of every page:",
    ));
    sheet.paragraph(&cohort.digest);
}

fn signed(language: Language, signature: &Signature) -> Vec<String> {
    let say = |zh, en| language.say(zh, en);
    let state = match (signature.sent_back, signature.stands) {
        (true, _) => say("退回", "sent back"),
        (false, true) => say("有效", "stands"),
        (false, false) => say("已失效", "stands no more"),
    };
    let key = signature.public_key.as_deref().unwrap_or_default();
    vec![
        language.word("level", signature.level),
        signature.by.clone(),
        time(signature.at),
        state.to_owned(),
        signature.note.clone(),
        format!("{}\n{key}", short(&signature.digest)).trim_end().to_owned(),
    ]
}

/// What a case comes to, in words.
fn concluded(language: Language, disposition: Option<Disposition>) -> String {
    match disposition {
        Some(disposition) => language.word("disposition", disposition),
        None => language.say("待核查", "not settled").to_owned(),
    }
}

fn similarity(similarity: Option<f32>) -> String {
    similarity.map_or_else(|| "—".to_owned(), |similarity| format!("{similarity:.3}"))
}

fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}
