//! What people say of a case, each without seeing the other's word, and what it comes to.

use api::cohort::{Case, CasePhoto, Reopen, SayWord};
use api::ids::{CohortId, PersonId};
use api::law::Bar;
use api::{Flaw, ProblemCode, Right};
use archive::db::Transaction;
use archive::db::office::cohort_case::{self as cases, Disposition, Outcome};
use archive::db::office::{cohort as rows, cohort_other, cohort_word as words};
use serde_json::json;

use super::evidence::without_figures;
use super::{case, find};
use crate::{Actor, Error, Office, Refusal as _, Result, audit, dossier, event, stated, word};

/// The longest remark, characters.
const LONGEST_NOTE: usize = 500;

/// How many equal words settle a case that is in doubt.
const AGREE: usize = 2;

/// How many people say a word at most: when two differ, the third one's counts.
const MOST: usize = 3;

/// How many people look at a case before it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// Nobody: it is signed with the others.
    None,
    /// One, unless they say otherwise than the machine: then two.
    One,
    /// Two who agree, or a third one.
    Two,
}

fn looks(case: &cases::Case) -> Looks {
    match case.outcome {
        _ if case.contested => Looks::Two,
        Outcome::Match if case.sampled => Looks::One,
        Outcome::Match => Looks::None,
        Outcome::ByHand => Looks::One,
        Outcome::Unsure | Outcome::NoMatch => Looks::Two,
    }
}

/// What the words of a case's round come to.
fn found(case: &cases::Case, said: &[Disposition]) -> Option<Disposition> {
    let first = said.first().copied();
    match (looks(case), said) {
        (Looks::One, [only]) if case.outcome == Outcome::ByHand || *only == Disposition::Normal => {
            Some(*only)
        }
        _ if said.len() >= MOST => said.last().copied(),
        _ => first
            .into_iter()
            .chain(said.iter().skip(1).copied())
            .find(|one| said.iter().filter(|other| *other == one).count() >= AGREE),
    }
}

/// Whether a case waits for a person.
pub(super) fn waits(case: &cases::Case) -> bool {
    case.disposition.is_none() && looks(case) != Looks::None
}

/// Says what a case comes to. Needs a purpose: the photos were looked at.
///
/// # Errors
///
/// Without the right `review_comparisons` or a purpose; `not-found`; `wrong-state` when the cohort is signed or superseded,
/// or the case waits for nobody; `bad-field` without a remark where something is wrong, or with one that is too long.
pub fn say(office: &Office, actor: &Actor, id: CohortId, person: PersonId, said: &SayWord) -> Result<Case> {
    actor.may(Right::ReviewComparisons)?;
    actor.purpose()?;
    let disposition: Disposition = word(&said.disposition).parse().or_failed("read a word")?;
    let note = match said.note.trim() {
        note if note.chars().count() > LONGEST_NOTE => {
            return Err(Error::bad_field("note", Flaw::TooLong { max: LONGEST_NOTE }));
        }
        "" if disposition != Disposition::Normal => {
            return Err(Error::bad_field("note", Flaw::NoReasonGiven));
        }
        note => note.to_owned(),
    };
    office.office.write(|tx| -> Result<()> {
        let kept = open_case(tx, id, person)?;
        if !waits(&kept) {
            return Err(wrong_state(person, "settled"));
        }
        // Until it is settled, whoever has said a word may say another.
        let mut before: Vec<words::Word> = of_round(tx, id, &kept)?;
        before.retain(|word| word.by != actor.user);
        let new = words::Word {
            person,
            round: kept.round,
            by: actor.user,
            by_name: actor.account.clone(),
            disposition,
            note,
            at: dossier::now(),
        };
        words::set(tx, id, &new)?;
        // What was said stays here until all have said theirs.
        let reference = format!("{person} {} {} {}", kept.round, actor.user, new.at);
        event::queue(tx, actor, "cohort.word_said", id, &reference, &json!({ "person": person }))?;
        audit::record_in(tx, actor, "cohort.say", Some(&person.to_string()), true)?;
        let said: Vec<_> = before.iter().chain([&new]).map(|word| word.disposition).collect();
        if let Some(found) = found(&kept, &said) {
            cases::settle(tx, id, person, found)?;
            let detail = json!({
                "person": person, "outcome": kept.outcome.word(), "disposition": found.word(), "round": kept.round,
                "words": said.len(),
            });
            event::queue(tx, actor, "cohort.case_settled", id, &format!("{person} {}", kept.round), &detail)?;
        }
        Ok(())
    })?;
    case(office, actor, id, person)
}

/// Asks for another look at a case that is settled, or that the machine took for clear: two people look at it.
///
/// # Errors
///
/// Without the right `review_comparisons` or a purpose; `not-found`; `wrong-state` when the cohort is signed or superseded,
/// or the case waits for people already; `bad-field` without a reason.
pub fn reopen(office: &Office, actor: &Actor, id: CohortId, person: PersonId, why: &Reopen) -> Result<Case> {
    actor.may(Right::ReviewComparisons)?;
    actor.purpose()?;
    let reason = stated("reason", &why.reason)?;
    office.office.write(|tx| -> Result<()> {
        let kept = open_case(tx, id, person)?;
        if waits(&kept) {
            return Err(wrong_state(person, "waiting"));
        }
        cases::reopen(tx, id, person)?;
        let detail = json!({ "person": person, "round": kept.round + 1, "reason": reason });
        event::queue(
            tx,
            actor,
            "cohort.case_reopened",
            id,
            &format!("{person} {}", kept.round + 1),
            &detail,
        )?;
        audit::record_in(tx, actor, "cohort.reopen", Some(&person.to_string()), true)
    })?;
    case(office, actor, id, person)
}

/// Takes the machine's figures about somebody who withdrew their consent out of every cohort of the campaign that is not
/// signed: a person looks without them.
///
/// # Errors
///
/// When the store can't be written.
pub(crate) fn withdrawn(
    tx: &Transaction<'_>,
    actor: &Actor,
    campaign: api::ids::CampaignId,
    person: PersonId,
) -> Result<()> {
    let tell = |cohort, reference: String| {
        let detail = json!({ "person": person });
        event::queue(tx, actor, "cohort.consent_withdrawn", cohort, &reference, &detail)
    };
    for cohort in rows::of_campaign(tx, campaign)?.iter().filter(|cohort| !cohort.signed) {
        let Some(kept) = cases::get(tx, cohort.id, person)?.filter(|kept| kept.consent.is_some()) else {
            continue;
        };
        let photos: Vec<CasePhoto> = serde_json::from_str(&kept.photos).or_failed("read a case's photos")?;
        let photos = serde_json::to_string(&without_figures(&photos)).or_failed("write a case's photos")?;
        cases::strip(tx, cohort.id, person, (&word(&Bar::ConsentWithdrawn), &photos))?;
        tell(cohort.id, format!("{person} {}", kept.round))?;
    }
    for id in cohort_other::cohorts_of(tx, campaign, person)? {
        if find(tx, id)?.signed {
            continue;
        }
        cohort_other::remove(tx, id, person)?;
        tell(id, person.to_string())?;
    }
    Ok(())
}

/// The words of a case's round at hand, oldest first.
pub(super) fn of_round(
    conn: &archive::db::Connection,
    id: CohortId,
    case: &cases::Case,
) -> Result<Vec<words::Word>> {
    let mut said = words::on(conn, id, case.person)?;
    said.retain(|word| word.round == case.round);
    Ok(said)
}

/// A person's case, in a cohort that is open.
fn open_case(tx: &Transaction<'_>, id: CohortId, person: PersonId) -> Result<cases::Case> {
    let cohort = find(tx, id)?;
    if !cohort.is_open() {
        let state = if cohort.signed { "signed" } else { "superseded" };
        return Err(super::wrong_state(id, state));
    }
    cases::get(tx, id, person)?.ok_or_else(|| Error::not_found("case_of_cohort", person))
}

fn wrong_state(person: PersonId, state: &str) -> Error {
    let params =
        [("kind", "case_of_cohort".to_owned()), ("id", person.to_string()), ("state", state.to_owned())];
    Error::refused(ProblemCode::WrongState, params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Disposition::{Abnormal, Doubtful, Normal};

    fn case(outcome: Outcome, sampled: bool, contested: bool) -> cases::Case {
        cases::Case {
            person: PersonId::new(),
            position: 0,
            outcome,
            bar: None,
            similarity: None,
            reasons: "[]".to_owned(),
            photos: "[]".to_owned(),
            pairs: "[]".to_owned(),
            consent: None,
            sampled,
            contested,
            round: 1,
            disposition: None,
        }
    }

    #[test]
    fn how_many_words_a_case_needs_depends_on_what_the_machine_said() {
        let clear = case(Outcome::Match, false, false);
        assert!(!waits(&clear));
        let sampled = case(Outcome::Match, true, false);
        assert!(waits(&sampled));
        assert_eq!(found(&sampled, &[Normal]), Some(Normal));
        assert_eq!(found(&sampled, &[Doubtful]), None);
        assert_eq!(found(&sampled, &[Abnormal, Abnormal]), Some(Abnormal));
        let by_hand = case(Outcome::ByHand, false, false);
        for word in [Normal, Doubtful, Abnormal] {
            assert_eq!(found(&by_hand, &[word]), Some(word));
        }
        for outcome in [Outcome::Unsure, Outcome::NoMatch] {
            let doubt = case(outcome, false, false);
            assert!(waits(&doubt));
            assert_eq!(found(&doubt, &[]), None);
            assert_eq!(found(&doubt, &[Normal]), None);
            assert_eq!(found(&doubt, &[Normal, Normal]), Some(Normal));
            assert_eq!(found(&doubt, &[Normal, Abnormal]), None);
            assert_eq!(found(&doubt, &[Normal, Abnormal, Normal]), Some(Normal));
            assert_eq!(found(&doubt, &[Normal, Abnormal, Doubtful]), Some(Doubtful));
        }
        let contested = case(Outcome::Match, false, true);
        assert!(waits(&contested));
        assert_eq!(found(&contested, &[Normal]), None);
        let contested = case(Outcome::ByHand, false, true);
        assert_eq!(found(&contested, &[Normal]), None);
    }
}
