//! WDH/1, the witnessed deletion handshake: how a vendor provably deletes its copies, under the school's eyes.
//!
//! After the school has archived and verified a delivery, the two sides exchange signed messages until both, and witnesses, can
//! say what was deleted and how sure one may be. The result is a [`certificate::Certificate`], one file that anybody can check.
//! It never claims more than was shown: what can't be proven is printed as declared only.
//!
//! Rules that hold here:
//!
//! * No I/O, no clock, no randomness: callers hand in times, nonces and keys. Compiles to wasm32.
//! * Everything signed is canonical JSON ([`ledger::json`]); a document has exactly one encoding.
//! * The state machine ([`state::step`]) is pure and the same for the school, the vendor and the checker.
//! * This version shows at most level AL2: the vendor's own system reads its own disks.
//!
//! # Who does what
//!
//! [`side::Side`] is one side's journal and state. The school's is wrapped by `archive::deletion::Case`, the vendor's by
//! [`vendor::Vendor`]. [`objects::ObjectList`] names what is to be deleted and travels beside the messages;
//! [`possession`] proves that the vendor holds these bytes; [`sas`] makes the codes that are read aloud.
//!
//! # The conversation over HTTP
//!
//! The school is the server and keeps the conversation; the vendor's agent asks and sends. There are only these requests:
//!
//! | request | what |
//! |---|---|
//! | `GET` policy | the [`policy::Policy`]; compare its fingerprint with the contract's annex before anything else |
//! | `GET` object list | the [`objects::ObjectList`] as bytes; [`vendor::Vendor::check_list`] compares it with the invitation |
//! | `GET` envelopes from number *n* | every [`envelope::Envelope`] from `n` on, in order, those of the vendor too |
//! | `POST` envelope | one envelope of the vendor's, byte for byte as in its journal |
//!
//! `POST` answers that the envelope was taken (new or duplicate: the same answer), or why it is refused ([`state::Refusal`]).
//! A `Chain` or `Fork` refusal means that the school was faster: withdraw, get envelopes, look at
//! [`vendor::Vendor::turn`] again. With no answer at all, send the same bytes again: that is harmless.
//!
//! What the agent gets and sends in each phase (the vendor's messages in bold):
//!
//! | phase | the agent gets | and sends | signed by |
//! |---|---|---|---|
//! | draft | M1 invite, the object list | | school, registrar |
//! | invited | | **M2 inventory** | agent, legal |
//! | enrolled | M3 seal | | school, registrar, IT |
//! | sealed | M4 challenge | | school |
//! | challenged | | **M5 possession**, before it expires | agent |
//! | answered | M5 checked; back to *sealed* if it differs | | school |
//! | possessed | | **M6 plan** | agent, legal |
//! | planned | M6 ready | | school, registrar, IT |
//! | ready | M7 commit | | school |
//! | authorising | | **M7 commit** | agent |
//! | authorising | M7 reveal | **M7 reveal** | school; agent |
//! | authorising | | **M7 confirm** (the code heard) | agent, legal |
//! | authorising | M7 authorise (the reverse code heard) | | school, registrar, IT |
//! | authorised, erasing, disputed | | **M8 progress** (often), **M9 erased** | agent |
//! | erased | M10 verify; *disputed* if traces are left | | school, IT |
//! | verified | M11 absence | | school, registrar, IT |
//! | absent | M12 certificate | | school, registrar, IT |
//! | issued | | **M12 countersign** | agent, legal |
//! | cosigned | the certificate file | | |
//!
//! From *challenged* to *authorised* the agent asks every second or two, otherwise every minute. After a restart
//! [`vendor::Turn::Resume`] comes first: numbers drawn before are burnt.
//!
//! Without a network the same bytes travel as files; the courier needs no trust.
//!
//! # Example
//!
//! Two sides, one message. `tests/deletion/story.rs` plays a whole deletion.
//!
//! ```
//! use std::{collections::BTreeMap, sync::Arc};
//! use ed25519_dalek::SigningKey;
//! use handshake::{bytes::*, keys::*, message::*, policy::*, session::Stamp, side::Side, vendor::*};
//! use ledger::{Hash, KeyName, NoteSigner};
//!
//! let key = |n| SigningKey::from_bytes(&[n; 32]);
//! let public = |n| PublicKey::from(key(n).verifying_key());
//! let officer = |name: &str, n| Officer { name: name.into(), title: "officer".into(), key: public(n) };
//! let origin: KeyName = "ledger.school.example".parse()?;
//! let policy = Arc::new(Policy::new(PolicyTerms {
//!     v: 1,
//!     school: Organisation { name: "School".into(), key: public(1) },
//!     registrar: officer("Registrar", 2),
//!     it: officer("IT", 3),
//!     vendor: Organisation { name: "Vendor".into(), key: public(4) },
//!     legal: officer("Director", 5),
//!     ledger: format!("log {}\nquorum none\n", NoteSigner::log(origin, key(6)).verifier_key()),
//! })?);
//!
//! let session = SessionId::from_bytes([7; 16]);
//! let mut school = Side::new(Party::School, session, policy.clone(), BootId::from_bytes([1; 16]));
//! let mut vendor = Vendor::join(session, policy.clone(), BootId::from_bytes([2; 16]));
//!
//! let now = "2026-07-01T08:00:00Z".parse()?;
//! let stamp = Stamp { at: now, mono_ms: 0, log_size: 0, log_root: Hash::empty() };
//! let invite = Body::Invite(Invite {
//!     contract: "HT-2026-018".into(),
//!     legal_basis: vec!["PIPL 47".into()],
//!     delivery: "delivery_1".into(),
//!     accepted_at: Some(now),
//!     object_root: Hash::of(b"the list's root"),
//!     object_count: 1,
//!     byte_count: 1,
//!     policy: policy.fingerprint(),
//!     required: BTreeMap::new(),
//! });
//! let mut envelope = school.draft(invite, &stamp)?;
//! envelope.sign(&key(1))?;
//! envelope.sign(&key(2))?;
//! school.say(envelope.clone())?;
//!
//! vendor.receive(envelope, now)?;
//! assert_eq!(vendor.turn(), Turn::Inventory);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bytes;
pub mod certificate;
pub mod envelope;
pub mod guard;
pub mod keys;
pub mod level;
pub mod message;
pub mod objects;
pub mod policy;
pub mod possession;
pub mod sas;
pub mod session;
pub mod side;
pub mod state;
pub mod statement;
pub mod vendor;

pub use ledger::json;
