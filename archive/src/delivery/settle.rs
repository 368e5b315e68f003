//! What a person's word does to what the machine found about a face.
//!
//! The machine measures and a person decides: whoever has looked at a delivered photo beside the admission photo may
//! say that both show one person, or two. What was measured stays on record; only its weight changes.

use super::finding::{Finding, ItemState, Severity, Status, code};
pub use crate::db::office::settlement::Same;

/// Lays a person's word upon the findings of a photo, in the place of an earlier word; without one, they are as the
/// machine left them. Returns what the photo is now.
#[must_use]
pub fn settle(findings: &mut Vec<Finding>, word: Option<Same>) -> ItemState {
    findings.retain(|finding| !matches!(finding.code.as_str(), code::SETTLED_SAME | code::SETTLED_OTHER));
    for finding in findings.iter_mut() {
        if let Some(severity) = weight(finding) {
            finding.severity = if word.is_some() { Severity::Info } else { severity };
        }
    }
    match word {
        Some(Same::Yes) => findings
            .push(Finding { status: Status::Passed, ..Finding::failed(code::SETTLED_SAME, Severity::Info) }),
        Some(Same::No) => findings.push(Finding::failed(code::SETTLED_OTHER, Severity::Block)),
        None => {}
    }
    ItemState::of(findings)
}

/// Whether nobody can say yet whose face it is: a person has to look.
#[must_use]
pub fn is_unsettled(findings: &[Finding]) -> bool {
    let by_face = |finding: &&Finding| weight(finding).is_some();
    findings.iter().filter(by_face).any(Finding::is_doubt)
        && !findings.iter().filter(by_face).any(|finding| finding.severity == Severity::Block)
}

/// Whether a person's word about the face changes anything: the machine has doubts, or says it is somebody else.
#[must_use]
pub fn can_be_settled(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| weight(finding).is_some())
}

/// The severity of a finding about whose face it is, as the machine gives it; nothing for other findings.
fn weight(finding: &Finding) -> Option<Severity> {
    match finding.code.as_str() {
        code::UNSURE | code::LIKE_ANOTHER | code::SAME_FACE | code::BY_HAND => Some(Severity::Warn),
        code::NOT_SAME => Some(Severity::Block),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn findings() -> impl Strategy<Value = Vec<Finding>> {
        let one = prop_oneof![
            Just(Finding::failed(code::UNSURE, Severity::Warn)),
            Just(Finding::failed(code::LIKE_ANOTHER, Severity::Warn)),
            Just(Finding::failed(code::SAME_FACE, Severity::Warn)),
            Just(Finding::failed(code::NOT_SAME, Severity::Block)),
            Just(Finding::failed("IMG-08", Severity::Warn)),
            Just(Finding::failed(code::DELIVERED_LATE, Severity::Block)),
            Just(Finding::failed(code::SAME_FILE, Severity::Block)),
        ];
        proptest::collection::vec(one, 0..5)
    }

    #[test]
    fn a_person_settles_whose_face_it_is_and_nothing_else() {
        let mut unsure = vec![Finding::failed(code::UNSURE, Severity::Warn).with("0.31", "0.35")];
        assert!(is_unsettled(&unsure));
        assert_eq!(settle(&mut unsure, Some(Same::Yes)), ItemState::Good);
        assert_eq!(settle(&mut unsure, Some(Same::No)), ItemState::Wrong);
        assert!(!is_unsettled(&unsure));
        let mut other = vec![Finding::failed(code::NOT_SAME, Severity::Block)];
        assert!(!is_unsettled(&other) && can_be_settled(&other));
        assert_eq!(settle(&mut other, Some(Same::Yes)), ItemState::Good);
        let mut late = vec![
            Finding::failed(code::NOT_SAME, Severity::Block),
            Finding::failed(code::DELIVERED_LATE, Severity::Block),
        ];
        assert_eq!(settle(&mut late, Some(Same::Yes)), ItemState::Late);
    }

    proptest! {
        /// Taking a word back leaves what the machine had found; saying it twice says it once.
        #[test]
        fn a_word_can_be_taken_back(machine in findings(), yes in any::<bool>()) {
            let word = if yes { Same::Yes } else { Same::No };
            let mut now = machine.clone();
            let first = settle(&mut now, Some(word));
            let once = now.clone();
            prop_assert_eq!(settle(&mut now, Some(word)), first);
            prop_assert_eq!(&now, &once);
            prop_assert_eq!(settle(&mut now, None), ItemState::of(&machine));
            prop_assert_eq!(now, machine);
        }

        /// After a word nobody is left in doubt about the face, and two people are never one person's good photo.
        #[test]
        fn a_word_ends_the_doubt(machine in findings(), yes in any::<bool>()) {
            let mut now = machine;
            let state = settle(&mut now, Some(if yes { Same::Yes } else { Same::No }));
            prop_assert!(!is_unsettled(&now));
            prop_assert!(yes || !state.is_acceptable());
        }
    }
}
