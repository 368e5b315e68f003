//! The sign-off: three people, one after another, each with their own key over the same digest.

use api::cohort::{Level, SignCohort, Signature};
use api::ids::{CalibrationId, CampaignId, CohortId, PersonId};
use api::{Flaw, ProblemCode};
use archive::db::Connection;
use archive::db::office::cohort::Cohort;
use archive::db::office::cohort_case::{Case, Disposition};
use archive::db::office::cohort_signature as rows;
use ed25519_dalek::Signer as _;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::facts::{Facts, Words};
use super::{get, keep};
use crate::staff::Staff;
use crate::{
    Actor, Error, Office, Refusal as _, Result, account, audit, dossier, event, from_word, stated, word,
};

/// What is signed, as canonical JSON: its SHA-256 is the digest.
#[derive(Serialize)]
struct Statement<'a> {
    cohort: CohortId,
    campaign: CampaignId,
    calibration: CalibrationId,
    model: &'a str,
    accept: String,
    reject: String,
    rule_set: &'a str,
    cases: Vec<Said<'a>>,
}

/// One case of it.
#[derive(Serialize)]
struct Said<'a> {
    person: PersonId,
    outcome: &'a str,
    similarity: Option<String>,
    photos: &'a str,
    sampled: bool,
    round: u32,
    disposition: Option<&'a str>,
    words: Vec<(String, u32, &'a str)>,
}

/// The signatures of a cohort, held against what there is to sign now.
pub(super) struct Signatures {
    /// The digest of what there is to sign now.
    pub(super) digest: String,
    kept: Vec<rows::Signature>,
}

impl Signatures {
    pub(super) fn read(conn: &Connection, cohort: &Cohort, cases: &[Case], words: &Words) -> Result<Self> {
        let digest = hex::encode(Sha256::digest(statement(cohort, cases, words)?));
        Ok(Self { digest, kept: rows::of(conn, cohort.id)? })
    }

    /// All of them, those that do not stand too, oldest first.
    pub(super) fn kept(&self) -> &[rows::Signature] {
        &self.kept
    }

    /// Those that stand: over what there is now, and nobody sent it back since.
    fn standing(&self) -> impl Iterator<Item = &rows::Signature> {
        let since = self.kept.iter().rposition(|signature| signature.sent_back).map_or(0, |at| at + 1);
        self.kept.iter().skip(since).filter(|signature| signature.digest == self.digest)
    }

    /// Whether anybody's stands.
    pub(super) fn any(&self) -> bool {
        self.standing().next().is_some()
    }

    /// Since when the next one can sign: the last signature or sending back, or the beginning.
    pub(super) fn since(&self, beginning: jiff::Timestamp) -> jiff::Timestamp {
        self.kept.last().map_or(beginning, |signature| signature.at)
    }

    /// The level that is to sign next; nothing when all have.
    pub(super) fn next(&self) -> Option<Level> {
        Level::ALL.get(self.standing().count()).copied()
    }

    /// Whether `actor` may sign at a level: holds its right, and has signed at no other.
    pub(super) fn may(&self, actor: &Actor, level: Level) -> bool {
        actor.has(level.right()) && !self.standing().any(|signature| signature.by == actor.user)
    }

    /// All of them, oldest first.
    pub(super) fn to_api(&self, staff: &Staff) -> Result<Vec<Signature>> {
        let standing: Vec<&rows::Signature> = self.standing().collect();
        let to_api = |kept: &rows::Signature| {
            let level = from_word(kept.level.word()).ok_or("it holds an unknown word");
            Ok(Signature {
                level: level.or_failed("read a signature")?,
                sent_back: kept.sent_back,
                stands: standing.iter().any(|other| std::ptr::eq(*other, kept)),
                by: staff.name(&kept.by_name),
                at: kept.at,
                note: kept.note.clone(),
                digest: kept.digest.clone(),
                public_key: kept.public_key.clone(),
                signature: kept.signature.clone(),
            })
        };
        self.kept.iter().map(to_api).collect()
    }
}

/// Signs a cohort at the level that is next, or sends it back to those who looked.
///
/// # Errors
///
/// Without the level's right; `not-found`; `cases-wait`; `wrong-state` when another level is next, or it is signed or
/// superseded; `conflict` when something has changed since it was looked at; `same-person` for whoever has signed at an
/// earlier level; `bad-credentials`; `bad-field` to send it back without a reason, or to nobody.
pub fn sign(
    office: &Office,
    actor: &Actor,
    id: CohortId,
    request: &SignCohort,
) -> Result<api::cohort::Cohort> {
    actor.may(request.level.right())?;
    let note = match request.send_back {
        true if request.level == Level::Examiner => {
            return Err(Error::bad_field("send_back", Flaw::NobodyBefore));
        }
        true => stated("note", &request.note)?,
        false if request.note.trim().is_empty() => String::new(),
        false => stated("note", &request.note)?,
    };
    // The password first: it takes long, and nothing waits for it.
    let key = match request.send_back {
        true => None,
        false => Some(account::officer_key(office, actor, &request.password)?),
    };
    office.office.write(|tx| -> Result<()> {
        let facts = Facts::read_in(tx, id)?;
        if !facts.cohort.is_open() {
            let state = if facts.cohort.signed { "signed" } else { "superseded" };
            return Err(super::wrong_state(id, state));
        }
        let waiting = facts.waiting();
        if waiting > 0 {
            return Err(Error::refused(ProblemCode::CasesWait, [("count", waiting.to_string())]));
        }
        let signatures = &facts.signatures;
        if signatures.digest != request.digest {
            return Err(Error::refused(ProblemCode::Conflict, []));
        }
        if signatures.next() != Some(request.level) {
            return Err(super::wrong_state(id, "open"));
        }
        if !signatures.may(actor, request.level) {
            return Err(Error::refused(ProblemCode::SamePerson, []));
        }
        let text = signed_text(request.level, &signatures.digest);
        let new = rows::Signature {
            level: word(&request.level).parse().or_failed("write a signature")?,
            sent_back: request.send_back,
            by: actor.user,
            by_name: actor.account.clone(),
            at: dossier::now(),
            note: note.clone(),
            digest: signatures.digest.clone(),
            public_key: key.as_ref().map(|key| ledger::to_base64(key.verifying_key().as_bytes())),
            signature: key.as_ref().map(|key| ledger::to_base64(&key.sign(text.as_bytes()).to_bytes())),
        };
        let number = rows::insert(tx, id, &new)?;
        let (kind, action) = match request.send_back {
            true => ("cohort.sent_back", "cohort.send_back"),
            false => ("cohort.signed", "cohort.sign"),
        };
        let detail = json!({
            "level": new.level.word(), "digest": new.digest, "public_key": new.public_key,
            "signature": new.signature,
        });
        event::queue(tx, actor, kind, id, &number.to_string(), &detail)?;
        audit::record_in(tx, actor, action, Some(&id.to_string()), true)
    })?;
    // It is signed whatever happens below; what is not kept now is kept with the next sweep.
    if request.level == Level::School
        && !request.send_back
        && let Err(error) = keep::keep(office, id)
    {
        tracing::error!(cohort.id = %id, cause = ?error, "{id} is signed and not in the archive yet: {error}.");
    }
    get(office, actor, id)
}

/// What a key signs: it can be taken for no other message.
pub(super) fn signed_text(level: Level, digest: &str) -> String {
    format!("xuecang.cohort/1 {} {digest}", word(&level))
}

/// What there is to sign, as it is digested.
pub(super) fn statement(cohort: &Cohort, cases: &[Case], words: &Words) -> Result<Vec<u8>> {
    let fraction = |number: f32| format!("{number:.6}");
    let cases = cases.iter().map(|case| Said {
        person: case.person,
        outcome: case.outcome.word(),
        similarity: case.similarity.map(fraction),
        photos: &case.photos,
        sampled: case.sampled,
        round: case.round,
        disposition: case.disposition.map(Disposition::word),
        words: words
            .get(&case.person)
            .into_iter()
            .flatten()
            .map(|said| (said.by.to_string(), said.round, said.disposition.word()))
            .collect(),
    });
    let statement = Statement {
        cohort: cohort.id,
        campaign: cohort.campaign,
        calibration: cohort.calibration,
        model: &cohort.model,
        accept: fraction(cohort.accept),
        reject: fraction(cohort.reject),
        rule_set: &cohort.rule_set,
        cases: cases.collect(),
    };
    ledger::json::canonical(&statement).or_failed("write what is signed")
}
