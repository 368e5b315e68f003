//! The preservation log in every dossier object: `premis.json`, in the words of PREMIS 3.0.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Photo, Reading, Scan, photo::NewPhoto};

/// What happened to an object, oldest first. Only ever added to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Premis {
    /// `xuecang-premis/1`.
    pub format: String,
    /// The events.
    pub events: Vec<PremisEvent>,
}

impl Default for Premis {
    fn default() -> Self {
        Self { format: "xuecang-premis/1".to_owned(), events: Vec::new() }
    }
}

/// One event, with the names of PREMIS 3.0's semantic units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PremisEvent {
    /// Its own id.
    pub event_identifier: Uuid,
    /// What: a term of the Library of Congress event type vocabulary.
    pub event_type: String,
    /// When.
    pub event_date_time: Timestamp,
    /// What exactly.
    pub event_detail: String,
    /// `success`.
    pub event_outcome: String,
    /// Who: an account or a program.
    pub linking_agent: String,
    /// The file it is about; nothing for the object as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linking_object: Option<String>,
}

impl PremisEvent {
    /// An event about the object as a whole that went well.
    #[must_use]
    pub fn of_object(kind: &str, at: Timestamp, agent: &str, detail: impl Into<String>) -> Self {
        Self {
            event_identifier: Uuid::new_v4(),
            event_type: kind.to_owned(),
            event_date_time: at,
            event_detail: detail.into(),
            event_outcome: "success".to_owned(),
            linking_agent: agent.to_owned(),
            linking_object: None,
        }
    }

    fn of_file(kind: &str, at: Timestamp, agent: &str, photo: &Photo, detail: impl Into<String>) -> Self {
        Self { linking_object: Some(photo.file.clone()), ..Self::of_object(kind, at, agent, detail) }
    }

    fn of_scan(kind: &str, at: Timestamp, agent: &str, scan: &Scan, detail: impl Into<String>) -> Self {
        Self { linking_object: Some(scan.file.clone()), ..Self::of_object(kind, at, agent, detail) }
    }
}

/// What happened to a photo until it was kept.
pub(super) fn of_photo(photo: &Photo, new: &NewPhoto, agent: &str) -> Vec<PremisEvent> {
    let program = concat!("xuecang ", env!("CARGO_PKG_VERSION"));
    let mut events = Vec::new();
    if let Some(captured) = photo.captured {
        events.push(PremisEvent::of_file("capture", captured, new.captured_by(), photo, "photograph taken"));
    }
    let digest = format!("sha512:{}", photo.sha512);
    let decoded = format!("decoded whole: {} × {} px, {}", photo.width, photo.height, new.format_name());
    let looked = new.looked.unwrap_or(photo.kept);
    events.push(PremisEvent::of_file("message digest calculation", looked, program, photo, digest));
    events.push(PremisEvent::of_file("validation", looked, program, photo, decoded));
    events.push(PremisEvent::of_file("ingestion", photo.kept, agent, photo, photo.source.clone()));
    events
}

/// What happened to a scan until it was kept.
pub(super) fn of_scan(scan: &Scan, agent: &str) -> [PremisEvent; 3] {
    let program = concat!("xuecang ", env!("CARGO_PKG_VERSION"));
    let digest = format!("sha512:{}", scan.sha512);
    let opened = format!("opened whole: {} pages, {}", scan.pages, scan.media_type);
    [
        PremisEvent::of_scan("message digest calculation", scan.kept, program, scan, digest),
        PremisEvent::of_scan("validation", scan.kept, program, scan, opened),
        PremisEvent::of_scan("ingestion", scan.kept, agent, scan, scan.source.clone()),
    ]
}

/// That a scan's text was read by a machine: a derivative, made by which models.
pub(super) fn of_reading(scan: &Scan, reading: &Reading) -> PremisEvent {
    let program = concat!("xuecang ", env!("CARGO_PKG_VERSION"));
    let models: Vec<_> =
        reading.models.iter().map(|model| format!("{} {}", model.name, model.sha256)).collect();
    let detail = format!("text recognised by {}", models.join(", "));
    PremisEvent::of_scan("metadata extraction", reading.at, program, scan, detail)
}
