//! 一个不多、一个不少、一个不错、一个也不误: the delivery against the roster.
//!
//! A pure function: files as they were measured, roster, dates and calibration in; findings out. What it counts as
//! extra, missing, wrong and late is decided here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use ids::PersonId;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::finding::{Finding, Group, ItemState, Severity, code};
use super::tally::Tally;

/// One person of the roster, as the check needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The person.
    pub person: PersonId,
    /// The capture token issued for this campaign, if one was.
    pub token: Option<String>,
    /// Whether a photo of this campaign was accepted before.
    pub accepted: bool,
}

/// Everybody whose photo the campaign awaits.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    people: Vec<Awaited>,
    by_token: BTreeMap<String, usize>,
}

/// When photos must be captured and delivered. Days are those of `zone`.
#[derive(Debug, Clone)]
pub struct Dates {
    /// First day of capture.
    pub capture_from: Date,
    /// Last day of capture.
    pub capture_until: Date,
    /// Last day on which a delivery is on time.
    pub deliver_by: Date,
    /// Where the school is.
    pub zone: TimeZone,
}

/// What a file's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A token the school has issued, in this campaign or another.
    Token(String),
    /// Something that looks like a token and is not authentic.
    Forged(String),
    /// Not a token at all.
    Other(String),
}

/// What is known of the face on a photo, beside the person's admission photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Face {
    /// The same person. Similarity, -1..=1.
    Match(f32),
    /// Neither surely the same nor surely another. Similarity, -1..=1.
    Unsure(f32),
    /// Another person. Similarity, -1..=1.
    NoMatch(f32),
    /// Compared, but no calibration says what the similarity means, -1..=1.
    NotCalibrated(Option<f32>),
    /// No admission photo, or no face on it.
    NoReference,
    /// The law does not let this face be compared: a person looks.
    ByHand,
    /// There is not exactly one face on the photo; the findings say so.
    NotOne,
    /// Not compared: nobody to compare with, or the file can't be read.
    NotCompared,
}

/// One photo of a delivery, as it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivered {
    /// What its name says.
    pub named: Named,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// When it was captured, as the vendor's list says.
    pub captured: Option<Timestamp>,
    /// What decoding and the photo rules found.
    pub findings: Vec<Finding>,
    /// What comparing found.
    pub face: Face,
}

/// A delivered photo with all that was found about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Which of the four it is.
    pub state: ItemState,
    /// The person, when the token is on the roster.
    pub person: Option<PersonId>,
    /// The token or the name it came under.
    pub name: String,
    /// What was found, the measured first.
    pub findings: Vec<Finding>,
}

/// The delivery beside the roster.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciliation {
    /// The photos, in the order in which they were given.
    pub photos: Vec<Judged>,
    /// The people whose photo did not come, in the roster's order.
    pub missing: Vec<Judged>,
}

impl Roster {
    /// The roster of these people. Of two people with the same token, which can't be, the first has it.
    #[must_use]
    pub fn new(people: Vec<Awaited>) -> Self {
        let mut by_token = BTreeMap::new();
        for (n, awaited) in people.iter().enumerate() {
            if let Some(token) = &awaited.token {
                by_token.entry(token.clone()).or_insert(n);
            }
        }
        Self { people, by_token }
    }

    /// The person to whom the token was issued.
    #[must_use]
    pub fn by_token(&self, token: &str) -> Option<&Awaited> {
        self.by_token.get(token).and_then(|&n| self.people.get(n))
    }

    /// How many people are on it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }
}

impl Named {
    /// The text of the name.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Token(text) | Self::Forged(text) | Self::Other(text) => text,
        }
    }
}

impl Reconciliation {
    /// How many items are in this state.
    #[must_use]
    pub fn count(&self, state: ItemState) -> u64 {
        self.items().filter(|item| item.state == state).count() as u64
    }

    /// Every item: the photos, then the missing.
    pub fn items(&self) -> impl Iterator<Item = &Judged> {
        self.photos.iter().chain(&self.missing)
    }

    /// Whether nothing is extra, missing, wrong or late.
    #[must_use]
    pub fn is_complete_and_correct(&self) -> bool {
        self.items().all(|item| item.state.group() == Group::None)
    }

    /// The counts.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally::of(self.items().map(|item| (item.state, item.findings.as_slice())))
    }
}

/// Holds a delivery against the roster.
///
/// `received` is when its last byte came. `same_face` names pairs of photos, by their place in `photos`, that seem to
/// show one face; of such a pair, whoever is not known to be the person of the token is for a person to look at.
#[must_use]
pub fn reconcile(
    roster: &Roster,
    dates: &Dates,
    received: Timestamp,
    photos: Vec<Delivered>,
    same_face: &[(usize, usize)],
) -> Reconciliation {
    let twins = duplicates(&photos, same_face);
    let mut seen = BTreeSet::new();
    let mut judged = Vec::with_capacity(photos.len());
    for (n, photo) in photos.into_iter().enumerate() {
        let person = roster_findings(roster, &photo.named, &mut seen);
        let mut findings = photo.findings;
        let whose = person.as_ref().ok().copied();
        findings.extend(person.err());
        if matches!(photo.named, Named::Token(_)) {
            findings.extend(date_findings(dates, received, photo.captured));
        }
        if whose.is_some() {
            findings.extend(face_finding(photo.face));
        }
        findings.extend(twins.get(&n).cloned());
        let state = ItemState::of(&findings);
        let person = whose.or_else(|| roster.by_token(photo.named.text()).map(|awaited| awaited.person));
        judged.push(Judged { state, person, name: photo.named.text().to_owned(), findings });
    }
    Reconciliation { photos: judged, missing: missing(roster, &seen) }
}

/// Whose photo it is, or why it is one too many. Remembers the token.
fn roster_findings(roster: &Roster, named: &Named, seen: &mut BTreeSet<String>) -> Result<PersonId, Finding> {
    let extra = |code| Err(Finding::failed(code, Severity::Block));
    let token = match named {
        Named::Token(token) => token,
        Named::Forged(_) => return extra(code::FORGED),
        Named::Other(_) => return extra(code::NO_TOKEN),
    };
    match roster.by_token(token) {
        None => extra(code::UNKNOWN),
        Some(awaited) if awaited.accepted => extra(code::ALREADY),
        Some(_) if !seen.insert(token.clone()) => extra(code::TWICE),
        Some(awaited) => Ok(awaited.person),
    }
}

fn date_findings(dates: &Dates, received: Timestamp, captured: Option<Timestamp>) -> Vec<Finding> {
    let day = |at: Timestamp| at.to_zoned(dates.zone.clone()).date();
    let mut findings = Vec::new();
    match captured.map(day) {
        None => findings.push(Finding::failed(code::CAPTURE_NOT_LISTED, Severity::Block)),
        Some(on) if on < dates.capture_from || on > dates.capture_until => {
            let limit = format!("{}/{}", dates.capture_from, dates.capture_until);
            findings.push(Finding::failed(code::CAPTURED_OUTSIDE, Severity::Block).with(on, limit));
        }
        Some(_) => {}
    }
    let on = day(received);
    if on > dates.deliver_by {
        findings.push(Finding::failed(code::DELIVERED_LATE, Severity::Block).with(on, dates.deliver_by));
    }
    findings
}

fn face_finding(face: Face) -> Option<Finding> {
    let similar = |code, severity, similarity: f32| {
        let mut finding = Finding::failed(code, severity);
        finding.measured = Some(format!("{similarity:.3}"));
        Some(finding)
    };
    match face {
        Face::Match(_) | Face::NotOne | Face::NotCompared => None,
        Face::Unsure(similarity) => similar(code::UNSURE, Severity::Warn, similarity),
        Face::NoMatch(similarity) => similar(code::NOT_SAME, Severity::Block, similarity),
        Face::NotCalibrated(_) => Some(Finding::failed(code::NOT_CALIBRATED, Severity::Warn)),
        Face::NoReference => Some(Finding::failed(code::NO_REFERENCE, Severity::Warn)),
        Face::ByHand => Some(Finding::failed(code::BY_HAND, Severity::Warn)),
    }
}

/// What duplicates make of the photos, by place.
///
/// One file under two tokens can be a photo of one of the two at most: if exactly one of them matches its own admission
/// photo, it is that one's and the others are wrong; otherwise nobody can say whose it is, and all are wrong.
fn duplicates(photos: &[Delivered], same_face: &[(usize, usize)]) -> BTreeMap<usize, Finding> {
    let matches = |n: usize| matches!(photos.get(n).map(|photo| photo.face), Some(Face::Match(_)));
    let name = |n: usize| photos.get(n).map(|photo| photo.named.text());
    let mut wrong = BTreeMap::new();
    for &(left, right) in same_face {
        for (n, other) in [(left, right), (right, left)] {
            // Two photos under one token are not a mix-up of people; the second is extra already.
            if !matches(n) && name(n) != name(other) {
                // Among many people some look alike: for a person to say.
                wrong.insert(n, Finding::failed(code::SAME_FACE, Severity::Warn));
            }
        }
    }
    let mut files = BTreeMap::<_, Vec<usize>>::new();
    for (n, photo) in photos.iter().enumerate() {
        files.entry(photo.sha256).or_default().push(n);
    }
    for places in files.into_values() {
        let names: BTreeSet<_> = places.iter().filter_map(|&n| name(n)).collect();
        let owners: BTreeSet<_> = places.iter().filter(|&&n| matches(n)).filter_map(|&n| name(n)).collect();
        if names.len() < 2 {
            continue;
        }
        for n in places {
            let is_owner = owners.len() == 1 && name(n).is_some_and(|name| owners.contains(name));
            if !is_owner {
                wrong.insert(n, Finding::failed(code::SAME_FILE, Severity::Block));
            }
        }
    }
    wrong
}

fn missing(roster: &Roster, seen: &BTreeSet<String>) -> Vec<Judged> {
    let is_missing = |awaited: &&Awaited| {
        !awaited.accepted && !awaited.token.as_ref().is_some_and(|token| seen.contains(token))
    };
    roster.people.iter().filter(is_missing).map(missing_item).collect()
}

fn missing_item(awaited: &Awaited) -> Judged {
    let code = if awaited.token.is_some() { code::NOT_DELIVERED } else { code::NOT_ISSUED };
    Judged {
        state: ItemState::Missing,
        person: Some(awaited.person),
        name: awaited.token.clone().unwrap_or_default(),
        findings: vec![Finding::failed(code, Severity::Block)],
    }
}

#[cfg(test)]
mod tests;
