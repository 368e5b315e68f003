//! What every part of the client shares: who is signed in, language, theme, the mask, jobs, the address.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::prelude::*;
use api::account::Session;
use api::ids::JobId;
use api::job::{Job, JobState};
use api::{Right, Timestamp};

use crate::browser;
use crate::i18n::Language;
use crate::router::Address;

/// Who is signed in, as far as is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SignedIn {
    /// Not asked yet.
    Unknown,
    /// Nobody.
    Nobody,
    /// This person.
    As(Box<Session>),
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system says.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The word kept in the browser's store.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The next one when the button is pressed.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }
}

/// What a thing is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// A campaign's name.
    Campaign(String),
    /// A delivery's campaign and round.
    Delivery(String, u32),
}

/// The shared signals. Copied freely; made once.
#[derive(Clone, Copy)]
pub(crate) struct State {
    /// Who is signed in.
    pub(crate) signed_in: RwSignal<SignedIn>,
    /// The language of the texts.
    pub(crate) language: RwSignal<Language>,
    /// Light or dark.
    pub(crate) theme: RwSignal<Theme>,
    /// Whether names, numbers and faces are masked.
    pub(crate) masked: RwSignal<bool>,
    /// Jobs that this session has heard of.
    pub(crate) jobs: RwSignal<BTreeMap<JobId, Job>>,
    /// The address shown.
    pub(crate) address: RwSignal<Address>,
    /// The campaign that lists are narrowed to, as an id's text; empty for all.
    pub(crate) campaign: RwSignal<String>,
    /// The names of campaigns and deliveries, by their ids, as far as they were heard of.
    pub(crate) names: RwSignal<BTreeMap<String, Name>>,
    /// Whether the API waits for a purpose.
    pub(crate) purpose_wanted: RwSignal<bool>,
    /// How often each room's things changed since this page began, as far as it was told.
    pub(crate) changes: RwSignal<BTreeMap<String, u64>>,
    /// A short notice at the page's foot, read aloud, and when it was given.
    pub(crate) notice: RwSignal<Option<(String, f64)>>,
}

thread_local! {
    static STATE: OnceCell<State> = const { OnceCell::new() };
}

/// The shared state. The first call, at the root, makes it.
pub(crate) fn state() -> State {
    STATE.with(|cell| *cell.get_or_init(State::new))
}

impl State {
    fn new() -> Self {
        let language = match browser::recall("language").as_deref() {
            Some("en") => Language::En,
            _ => Language::Zh,
        };
        let theme = Theme::from_word(&browser::recall("theme").unwrap_or_default());
        Self {
            signed_in: RwSignal::new(SignedIn::Unknown),
            language: RwSignal::new(language),
            theme: RwSignal::new(theme),
            masked: RwSignal::new(browser::recall("masked").is_some()),
            jobs: RwSignal::new(BTreeMap::new()),
            address: RwSignal::new(Address::now()),
            campaign: RwSignal::new(browser::recall("campaign").unwrap_or_default()),
            names: RwSignal::new(BTreeMap::new()),
            purpose_wanted: RwSignal::new(false),
            changes: RwSignal::new(BTreeMap::new()),
            notice: RwSignal::new(None),
        }
    }

    /// The language, without tracking it.
    pub(crate) fn language_now(self) -> Language {
        self.language.get_untracked()
    }

    /// The session, tracked.
    pub(crate) fn session(self) -> Option<Session> {
        match self.signed_in.get() {
            SignedIn::As(session) => Some(*session),
            _ => None,
        }
    }

    /// The session, not tracked.
    pub(crate) fn session_now(self) -> Option<Session> {
        match self.signed_in.get_untracked() {
            SignedIn::As(session) => Some(*session),
            _ => None,
        }
    }

    /// Whether the person signed in may do this.
    pub(crate) fn may(self, right: Right) -> bool {
        self.session_now().is_some_and(|session| session.rights.contains(&right))
    }

    /// Says something in passing, to eye and ear.
    pub(crate) fn tell(self, text: impl Into<String>) {
        self.notice.set(Some((text.into(), js_sys::Date::now())));
    }

    /// Learns what things are called.
    pub(crate) fn learn(self, names: impl Iterator<Item = (String, Name)>) {
        let known = self.names.get_untracked();
        let new: Vec<_> = names.filter(|(id, name)| known.get(id) != Some(name)).collect();
        if !new.is_empty() {
            self.names.update(|known| known.extend(new));
        }
    }

    /// Takes in that something changed in a room.
    pub(crate) fn heard_of_change(self, room: String) {
        self.changes.update(|changes| {
            let count = changes.entry(room).or_default();
            *count = count.wrapping_add(1);
        });
    }

    /// Takes in what is newly known of a job.
    pub(crate) fn heard_of(self, job: Job) {
        // The answer to a request may be read after the events that followed it.
        let is_older = |known: &Job| stage(known) > stage(&job);
        if self.jobs.with_untracked(|jobs| jobs.get(&job.id).is_some_and(is_older)) {
            return;
        }
        self.jobs.update(|jobs| {
            jobs.insert(job.id, job);
        });
    }
}

/// How far a job is: states only follow each other in this order.
const fn stage(job: &Job) -> u8 {
    match job.state {
        JobState::Waiting => 0,
        JobState::Running => 1,
        JobState::Stopping => 2,
        JobState::Done | JobState::Failed | JobState::Cancelled => 3,
    }
}

/// The present moment, from the browser's clock.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit an i64 for ages")]
    Timestamp::from_millisecond(js_sys::Date::now() as i64).unwrap_or_default()
}
