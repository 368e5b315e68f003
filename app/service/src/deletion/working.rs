//! A case while somebody works on it: loaded, moved on, saved.
//!
//! One thing happens to deletions at a time. A case is saved with its new envelopes and their events in one transaction;
//! only then may anybody hear of them. After a restart the numbers that were open are burnt, and new ones are drawn.

use std::io;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use api::Right;
use api::ids::{CaseId, EventId, PhotoId};
use archive::db::catalog::photo;
use archive::db::office::{deletion as rows, event};
use archive::deletion::{Case, CaseError, Due};
use archive::dossier::Holdings;
use handshake::bytes::{BootId, Salt};
use handshake::certificate::{LEAF_KIND, LedgerEvent};
use handshake::envelope::Envelope;
use handshake::keys::{Party, Role};
use handshake::objects::Object;
use handshake::session::Stamp;
use handshake::state::Phase;
use jiff::Timestamp;
use ledger::Hash;
use ledger::json::{JsonError, canonical, from_canonical};
use serde::{Deserialize, Serialize};

use super::{broken, refused, row, undrafted, unreadable};
use crate::{Actor, Office, Refusal as _, Result};

/// This start of the program.
static BOOT: LazyLock<BootId> = LazyLock::new(|| BootId::from_bytes(rand::random()));
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Held by whoever changes a case.
static TURN: Mutex<()> = Mutex::new(());

/// This start of the program: numbers drawn before another start are burnt.
pub(super) fn boot() -> BootId {
    *BOOT
}

/// The clock, as coarse as the store keeps it.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// Whether the vendor's agent is asking just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    /// It asks, so it will hear what is said.
    Here,
    /// It may be anywhere.
    Away,
}

/// What is kept of a case between messages.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    case: serde_json::Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    draft: Option<Envelope>,
}

impl Kept {
    pub(super) fn text(case: &Case, draft: Option<&Envelope>) -> Result<String> {
        let case = from_canonical(&case.to_bytes().map_err(broken)?).map_err(broken)?;
        serde_json::to_string(&Self { case, draft: draft.cloned() }).or_failed("write a deletion")
    }
}

/// What was said in a case, and the draft that waits.
pub(super) type Said = (Case, Option<Envelope>);

/// Reads what was said in a case.
pub(super) fn read(row: &rows::Case) -> Result<Said, CaseError> {
    let kept: Kept = serde_json::from_str(&row.session).map_err(JsonError::from)?;
    let case = Case::load(&canonical(&kept.case)?, boot())?;
    // A draft that can't be read is made anew.
    Ok((case, kept.draft.filter(|draft| draft.claimed().is_ok())))
}

/// The leaf that stands for a message.
#[derive(Deserialize)]
pub(super) struct Leaf {
    pub(super) event: LedgerEvent,
    pub(super) salt: Salt,
    #[serde(default)]
    pub(super) index: Option<u64>,
}

/// A case that somebody works on.
pub(super) struct Working<'a> {
    pub(super) office: &'a Office,
    pub(super) row: rows::Case,
    pub(super) case: Case,
    pub(super) draft: Option<Envelope>,
    /// Whoever only looks has no turn.
    _turn: Option<MutexGuard<'static, ()>>,
}

impl<'a> Working<'a> {
    /// Takes a case to change it. Waits for its turn.
    pub(super) fn take(office: &'a Office, id: CaseId) -> Result<Self> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut working = Self::look(office, row(office, id)?)?;
        working._turn = Some(turn);
        Ok(working)
    }

    /// Looks at a case. One that can't be read is refused with `case-unreadable`.
    pub(super) fn look(office: &'a Office, row: rows::Case) -> Result<Self> {
        let said = read(&row).map_err(|why| unreadable(row.id, &why))?;
        Self::of(office, row, said)
    }

    /// A case of which it is known what was said.
    pub(super) fn of(office: &'a Office, row: rows::Case, (case, draft): Said) -> Result<Self> {
        let mut working = Self { office, row, case, draft, _turn: None };
        working.find_leaves()?;
        Ok(working)
    }

    /// What the school does next.
    pub(super) fn due(&self) -> Due {
        if self.row.certificate.is_some() { Due::Nothing } else { self.case.due(now()) }
    }

    /// The clocks and the ledger's newest checkpoint.
    pub(super) fn stamp(&self) -> Result<Stamp> {
        let head = crate::ledger::head(self.office, &reader())?;
        let mono_ms = u64::try_from(STARTED.elapsed().as_millis()).unwrap_or(u64::MAX);
        let log_root = Hash::from_base64(&head.root).map_err(broken)?;
        Ok(Stamp { at: now(), mono_ms, log_size: head.size, log_root })
    }

    /// Says everything that needs no person, until a person or the vendor is awaited.
    pub(super) fn advance(&mut self, vendor: Vendor) -> Result<()> {
        loop {
            let stamp = self.stamp()?;
            let envelope = match self.due() {
                Due::Challenge => self.case.challenge(&stamp),
                Due::Check => self.case.check(|object| own_copy(self.office, object), &stamp),
                Due::Commit if vendor == Vendor::Here && !self.ran_out() => self.case.commit(&stamp),
                Due::Reveal => self.case.reveal(&stamp),
                Due::Resume => self.case.resume("the school goes on", &stamp),
                Due::Assemble => return self.conclude(),
                _ => return Ok(()),
            };
            self.say(envelope.map_err(undrafted)?)?;
        }
    }

    /// A ceremony whose time is over is begun anew by an officer, not by a vendor that keeps asking.
    fn ran_out(&self) -> bool {
        self.case
            .state()
            .ceremony()
            .is_some_and(|ceremony| now().duration_since(ceremony.began()) > handshake::state::CEREMONY)
    }

    /// Begins the exchange of codes, or begins it anew: what was shown before is burnt.
    pub(super) fn begin_ceremony(&mut self) -> Result<()> {
        let stamp = self.stamp()?;
        let envelope = self.case.commit(&stamp).map_err(undrafted)?;
        self.say(envelope)
    }

    /// Keeps a draft; says it once only the school's own signature is missing.
    pub(super) fn put(&mut self, draft: Envelope) -> Result<()> {
        let missing = draft.missing(self.case.state().policy()).map_err(broken)?;
        if missing.iter().all(|role| *role == Role::School) {
            return self.say(draft);
        }
        self.draft = Some(draft);
        self.save()
    }

    /// Signs with the school's key, says and saves.
    fn say(&mut self, mut envelope: Envelope) -> Result<()> {
        envelope.sign(&self.office.keys.school).or_failed("sign a message")?;
        self.case.say(envelope, now()).map_err(refused)?;
        self.draft = None;
        self.save()
    }

    /// Saves the case, and with it the envelopes and events it has more than the journal. Then the ledger takes them.
    pub(super) fn save(&mut self) -> Result<()> {
        let id = self.row.id;
        let session = Kept::text(&self.case, self.draft.as_ref())?;
        let state = super::to_api::state(self);
        let leaves = self.leaves()?;
        let envelopes = self.case.envelopes(0);
        self.office.office.write(|tx| -> Result<()> {
            let journaled = rows::envelopes(tx, id, None)?.len();
            for ((seq, envelope), leaf) in (0..).zip(envelopes).zip(&leaves).skip(journaled) {
                rows::insert_envelope(tx, id, &journal_row(seq, envelope, envelopes, &state)?)?;
                event::insert(tx, &queued(seq, leaf)?)?;
            }
            rows::set_session(tx, id, &state, &session)?;
            Ok(())
        })?;
        self.row.state = state;
        crate::ledger::integrate(self.office)?;
        self.find_leaves()
    }

    /// Finds where in the ledger the messages stand.
    fn find_leaves(&mut self) -> Result<()> {
        let waiting = self.case.unlogged().map_err(broken)?;
        let subject = self.case.state().session().to_string();
        for (seq, _) in waiting {
            let found =
                self.office.office.read(|conn| event::by_key(conn, LEAF_KIND, &subject, &seq.to_string()))?;
            if let Some(leaf) = found.and_then(|queued| queued.leaf) {
                self.case.logged(seq, leaf);
            }
        }
        Ok(())
    }

    /// The leaves of all messages, in their order.
    pub(super) fn leaves(&self) -> Result<Vec<Leaf>> {
        #[derive(Deserialize)]
        struct Leaves {
            leaves: Vec<Leaf>,
        }
        let bytes = self.case.to_bytes().map_err(broken)?;
        let read: Leaves = serde_json::from_slice(&bytes).map_err(broken)?;
        Ok(read.leaves)
    }
}

/// Reads the ledger for a case: what it shows is public to both sides anyway.
pub(super) fn reader() -> Actor {
    let mut reader = Actor::appliance();
    reader.rights.insert(Right::ReadLedger);
    reader
}

/// The word for a phase: `INVITED`.
pub(super) fn phase_word(phase: Phase) -> String {
    crate::word(&phase).to_uppercase()
}

/// What kind of message it is: `M1` … `M13`, `suspend`, `resume`, `abort`.
fn message_word(body: &handshake::message::Body) -> Result<String> {
    let body = serde_json::to_value(body).map_err(broken)?;
    let kind = body.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok(kind.split('.').next().unwrap_or(kind).to_owned())
}

fn journal_row(seq: u64, envelope: &Envelope, all: &[Envelope], last: &str) -> Result<rows::Envelope> {
    let message = envelope.claimed().map_err(broken)?;
    // The state after a message is the state in which the next one was written.
    let next = usize::try_from(seq).ok().and_then(|seq| all.get(seq + 1));
    let state = match next {
        Some(next) => phase_word(next.claimed().map_err(broken)?.state),
        None => last.to_owned(),
    };
    let bytes = envelope.to_bytes().map_err(broken)?;
    Ok(rows::Envelope {
        seq,
        message: message_word(&message.body)?,
        sender: match message.sender {
            Party::School => rows::Side::School,
            Party::Vendor => rows::Side::Vendor,
        },
        at: message.t_wall,
        state,
        digest: Hash::of(&bytes).to_string(),
        envelope: String::from_utf8(bytes).map_err(broken)?,
    })
}

/// The event of a message, exactly as its leaf commits to it.
fn queued(seq: u64, leaf: &Leaf) -> Result<event::Event> {
    let told = &leaf.event;
    Ok(event::Event {
        id: told.id.parse::<EventId>().map_err(broken)?,
        kind: told.kind.clone(),
        at: told.at.parse().map_err(broken)?,
        actor: None,
        account: told.actor.clone(),
        subject: told.subject.clone(),
        reference: seq.to_string(),
        detail: serde_json::to_value(&told.detail).map_err(broken)?,
        salt: *leaf.salt.as_bytes(),
    })
}

/// The school's own copy of an object, from the archive.
fn own_copy(office: &Office, object: &Object) -> io::Result<io::Cursor<Vec<u8>>> {
    let id: PhotoId = object.id.as_str().parse().map_err(io::Error::other)?;
    let missing = || io::Error::from(io::ErrorKind::NotFound);
    let (person, photo) =
        office.catalog.read(|conn| photo::get(conn, id)).map_err(io::Error::other)?.ok_or_else(missing)?;
    let holdings = Holdings::new(&office.archive, &office.catalog);
    let bytes = holdings.photo(person, &photo).map_err(io::Error::other)?.ok_or_else(missing)?;
    Ok(io::Cursor::new(bytes))
}

impl std::fmt::Debug for Working<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Working").field("case", &self.row.id).finish_non_exhaustive()
    }
}
