//! What may be stated at the end, and on what grounds. It follows from the messages; nobody writes it by hand.
//!
//! Every claim is either proven, with the messages that prove it, or declared only. What a vendor's tool saw on the vendor's
//! own system is declared only: the system could lie. Hidden copies, honest firmware and people's presence are never proven.

use jiff::Timestamp;
use ledger::Hash;
use serde::{Deserialize, Serialize};

use crate::{
    guard::{Guard, GuardCode},
    level::Level,
    message::{Location, LocationKind, Person, Sanitisation},
    objects::LocationId,
    state::{Kept, State},
};

/// The content of the certificate, in the sense of NIST SP 800-88 r1 §4.8, place by place and claim by claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The contract's number.
    pub contract: String,
    /// The laws and clauses that demand the deletion.
    pub legal_basis: Vec<String>,
    /// What the delivery is, as the school names it.
    pub delivery: String,
    /// `R_obj`.
    pub object_root: Hash,
    /// How many objects.
    pub object_count: u64,
    /// How many bytes they have together.
    pub byte_count: u64,
    /// The lowest level of all places.
    pub level: Level,
    /// The places.
    pub locations: Vec<LocationStatement>,
    /// The claims.
    pub claims: Vec<Claim>,
    /// The conditions looked at up to here.
    pub guards: Vec<Guard>,
    /// What the vendor declared, word for word.
    pub declarations: Vec<Declaration>,
    /// What may still be, whatever was done.
    pub residual_risks: Vec<Risk>,
    /// Who authorised by voice and hand for the vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<Person>,
    /// Who erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sanitiser: Option<Person>,
    /// Who verified that the technique was carried through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifier: Option<Person>,
    /// Until when the vendor could find no more copies by itself: when the school said what is absent.
    pub concluded_at: Timestamp,
}

/// One place on the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationStatement {
    /// Its id.
    pub id: LocationId,
    /// What kind of medium it is.
    pub kind: LocationKind,
    /// Who owns it.
    pub owner: String,
    /// Its manufacturer.
    pub make: String,
    /// Its model.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// How many objects were proven to lie there.
    pub objects_held: u64,
    /// Whether the objects are said to be absent now.
    pub absent: bool,
    /// The level reached.
    pub level: Level,
    /// The level that was wanted.
    pub level_wanted: Level,
    /// What may still be left there, in words.
    pub residue: String,
    /// What was done; none if the vendor reported nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sanitisation: Option<SanitisationStatement>,
}

/// What was done to one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SanitisationStatement {
    /// Clear, purge or destroy.
    pub sanitisation: Sanitisation,
    /// Which technique exactly.
    pub technique: String,
    /// The tool.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// How many passes.
    pub passes: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Errors of all kinds.
    pub errors: u64,
    /// How it was verified.
    pub verification: Verification,
    /// Where the medium goes.
    pub destination: String,
}

/// How an erasure was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Not at all.
    None,
    /// The paths were looked at, by the vendor's tool.
    Paths,
    /// The raw device was read in full, by the vendor's tool.
    FullScan,
}

/// Something the certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// What.
    pub code: ClaimCode,
    /// Of which place, if of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// On what grounds.
    pub basis: Basis,
    /// The numbers of the messages that prove or declare it.
    pub messages: Vec<u64>,
}

/// The grounds of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Whoever checks the messages sees it.
    Proven,
    /// Somebody said so.
    Declared,
}

/// What can be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ClaimCode {
    /// The school had two or more verified copies and a restore drill before the erasure.
    #[serde(rename = "school.copies_safe")]
    CopiesSafe,
    /// The vendor held these very bytes after the nonces were drawn.
    #[serde(rename = "vendor.held_objects")]
    HeldObjects,
    /// Which keys acted, in which order, within which time; nothing was changed later.
    #[serde(rename = "order_and_keys")]
    OrderAndKeys,
    /// The place was sanitised as described.
    #[serde(rename = "location.sanitised")]
    Sanitised,
    /// The objects are absent from the place.
    #[serde(rename = "location.absent")]
    Absent,
    /// A key was destroyed.
    #[serde(rename = "location.key_destroyed")]
    KeyDestroyed,
    /// Everything made from the photos was listed.
    #[serde(rename = "derivatives.listed")]
    DerivativesListed,
    /// There is no other place.
    #[serde(rename = "no_other_location")]
    NoOtherLocation,
    /// The persons named were there.
    #[serde(rename = "persons.present")]
    PersonsPresent,
    /// Devices and their firmware did what they reported.
    #[serde(rename = "firmware.honest")]
    FirmwareHonest,
}

/// What the vendor declared, word for word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The words.
    pub text: String,
    /// The number of the message.
    pub message: u64,
}

/// What may still be, whatever was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Copies that never were in the places declared.
    HiddenCopies,
    /// Blocks that a device keeps back: over-provisioning, remapped sectors.
    UnaddressableBlocks,
    /// Changed versions that can't be recognised.
    HeavilyEditedCopies,
    /// The vendor's system could have lied to the vendor's tool.
    VendorSystem,
    /// The officers' signing keys lie with the school's appliance, each opened by its officer's password: who holds
    /// the machine and both passwords could sign for both.
    OfficersKeys,
    /// Cloud and backup copies that end only by their retention.
    Retention,
}

impl Statement {
    /// What follows from the messages; none before the school has said what is absent.
    #[must_use]
    pub fn of(state: &State) -> Option<Self> {
        let said = state.said();
        let (invite, absence) = (said.invite.as_ref()?, said.absence.as_ref()?);
        let locations: Vec<_> = state.locations().iter().map(|location| place(state, location)).collect();
        let level = locations.iter().map(|location| location.level).min().unwrap_or(Level::Al0);
        Some(Self {
            contract: invite.body.contract.clone(),
            legal_basis: invite.body.legal_basis.clone(),
            delivery: invite.body.delivery.clone(),
            object_root: invite.body.object_root,
            object_count: invite.body.object_count,
            byte_count: invite.body.byte_count,
            level,
            claims: claims(state, &locations),
            declarations: declarations(state),
            residual_risks: risks(&locations),
            locations,
            guards: state.guards().cloned().collect(),
            operator: said.confirm.as_ref().map(|confirm| confirm.body.operator.clone()),
            sanitiser: said.erased.as_ref().map(|erased| erased.body.sanitiser.clone()),
            verifier: said.verify.as_ref().map(|verify| verify.body.verifier.clone()),
            concluded_at: absence.at,
        })
    }
}

fn place(state: &State, location: &Location) -> LocationStatement {
    let said = state.said();
    let held = said.possession.iter().flat_map(|possession| &possession.body.locations);
    let absences = said.absence.iter().flat_map(|absence| &absence.body.locations);
    let absence = absences.into_iter().find(|place| place.location == location.id);
    LocationStatement {
        id: location.id.clone(),
        kind: location.kind,
        owner: location.owner.clone(),
        make: location.make.clone(),
        model: location.model.clone(),
        serial: location.serial.clone(),
        objects_held: held
            .filter(|place| place.location == location.id)
            .map(|place| place.held.count())
            .sum(),
        absent: absence.is_some_and(|place| place.absent),
        level: absence.map_or(Level::Al0, |place| place.level),
        level_wanted: state.required(&location.id).unwrap_or(Level::Al0),
        residue: absence.map_or_else(String::new, |place| place.residue.clone()),
        sanitisation: state.reported(&location.id).map(|report| SanitisationStatement {
            sanitisation: report.sanitisation,
            technique: report.technique.clone(),
            tool: report.tool.clone(),
            tool_version: report.tool_version.clone(),
            passes: report.passes,
            started_at: report.started_at,
            ended_at: report.ended_at,
            errors: report
                .errors
                .pass
                .saturating_add(report.errors.sync)
                .saturating_add(report.errors.verify),
            verification: match (report.paths, report.scan) {
                (_, Some(scan)) if scan.scanned_bytes == scan.device_bytes => Verification::FullScan,
                (Some(_), _) => Verification::Paths,
                (None, _) => Verification::None,
            },
            destination: report.destination.clone(),
        }),
    }
}

fn claims(state: &State, locations: &[LocationStatement]) -> Vec<Claim> {
    let said = state.said();
    let mut claims = proven(state);
    let erased = number(said.erased.as_ref());
    let declared = |code, location: Option<&LocationId>, messages: Vec<u64>| Claim {
        code,
        location: location.cloned(),
        basis: Basis::Declared,
        messages,
    };
    for place in locations {
        if place.sanitisation.is_some() {
            claims.push(declared(ClaimCode::Sanitised, Some(&place.id), erased.clone()));
        }
        if place.absent {
            let messages =
                [erased.clone(), number(said.verify.as_ref()), number(said.absence.as_ref())].concat();
            claims.push(declared(ClaimCode::Absent, Some(&place.id), messages));
        }
    }
    for key in said.erased.iter().flat_map(|erased| &erased.body.keys_destroyed) {
        claims.push(declared(ClaimCode::KeyDestroyed, Some(&key.location), erased.clone()));
    }
    let inventory = number(said.inventory.as_ref());
    claims.push(declared(ClaimCode::DerivativesListed, None, inventory.clone()));
    claims.push(declared(ClaimCode::NoOtherLocation, None, inventory));
    let presence =
        [number(said.ready.as_ref()), number(said.confirm.as_ref()), number(said.authorise.as_ref())];
    claims.push(declared(ClaimCode::PersonsPresent, None, presence.concat()));
    claims.push(declared(ClaimCode::FirmwareHonest, None, erased));
    claims
}

/// The claims that the messages prove. Whatever lacks a condition is not claimed at all.
fn proven(state: &State) -> Vec<Claim> {
    let said = state.said();
    let met = |code| state.guards().any(|guard| guard.code == code && guard.met);
    let claim = |code, messages| Claim { code, location: None, basis: Basis::Proven, messages };
    let mut claims = Vec::new();
    if met(GuardCode::ArchiveReplicas) && met(GuardCode::ArchiveDrill) && met(GuardCode::AuthoriseRechecked) {
        let messages = [number(said.seal.as_ref()), number(said.authorise.as_ref())].concat();
        claims.push(claim(ClaimCode::CopiesSafe, messages));
    }
    if met(GuardCode::PossessionEqual) && met(GuardCode::PossessionComplete) {
        let messages = [
            number(said.challenge.as_ref()),
            number(said.possession.as_ref()),
            number(said.checked.as_ref()),
        ];
        claims.push(claim(ClaimCode::HeldObjects, messages.concat()));
    }
    claims.push(claim(
        ClaimCode::OrderAndKeys,
        [number(said.invite.as_ref()), number(said.absence.as_ref())].concat(),
    ));
    claims
}

fn number<T>(kept: Option<&Kept<T>>) -> Vec<u64> {
    kept.map(|kept| kept.seq).into_iter().collect()
}

fn declarations(state: &State) -> Vec<Declaration> {
    let inventory = state.said().inventory.iter();
    inventory
        .map(|kept| Declaration { text: kept.body.no_other_location.clone(), message: kept.seq })
        .collect()
}

fn risks(locations: &[LocationStatement]) -> Vec<Risk> {
    let mut risks = vec![
        Risk::HiddenCopies,
        Risk::UnaddressableBlocks,
        Risk::HeavilyEditedCopies,
        Risk::VendorSystem,
        Risk::OfficersKeys,
    ];
    if locations.iter().any(|place| matches!(place.kind, LocationKind::Cloud | LocationKind::Backup)) {
        risks.push(Risk::Retention);
    }
    risks
}
