//! Cases as the API shows them.

use api::Role;
use api::deletion::{Case, CaseEvent, Ceremony, Guard, Location, NextStep};
use archive::db::office::{deletion as rows, event, vendor};
use archive::deletion::Due;
use handshake::certificate::LEAF_KIND;
use handshake::guard::{Guard as Met, GuardCode};
use handshake::keys::Role as Signer;
use handshake::message::Location as Place;
use handshake::state::{CEREMONY, Phase, Refusal as Refused};

use super::working::{Working, phase_word};
use crate::{Office, Result, word};

/// Where a case stands.
pub(super) fn state(work: &Working<'_>) -> String {
    match work.row.certificate {
        Some(_) => work.row.state.clone(),
        None => phase_word(work.case.state().phase()),
    }
}

/// A case.
pub(super) fn case(work: &Working<'_>) -> Result<Case> {
    let row = &work.row;
    let vendor = work.office.office.read(|conn| vendor::get(conn, row.vendor))?;
    let state_now = work.case.state();
    Ok(Case {
        id: row.id,
        delivery: row.delivery,
        vendor: row.vendor,
        vendor_name: vendor.map(|vendor| vendor.name).unwrap_or_default(),
        state: state(work),
        opened: row.opened,
        objects: work.case.objects().count(),
        bytes: work.case.objects().bytes(),
        timeline: timeline(work)?,
        locations: state_now.locations().iter().map(|place| location(work, place)).collect(),
        guards: guards(work)?,
        next: next(work)?,
        signing: signing(work)?.map(str::to_owned),
        awaits: awaits(work)?,
        ceremony: ceremony(work)?,
        certificate: row.certificate.is_some(),
        unreadable: None,
    })
}

/// What is known of a case that can't be read.
pub(super) fn unreadable(office: &Office, row: &rows::Case, reason: &str) -> Result<Case> {
    let vendor = office.office.read(|conn| vendor::get(conn, row.vendor))?;
    Ok(Case {
        id: row.id,
        delivery: row.delivery,
        vendor: row.vendor,
        vendor_name: vendor.map(|vendor| vendor.name).unwrap_or_default(),
        state: row.state.clone(),
        opened: row.opened,
        objects: 0,
        bytes: 0,
        timeline: Vec::new(),
        locations: Vec::new(),
        guards: Vec::new(),
        next: None,
        signing: None,
        awaits: Vec::new(),
        ceremony: None,
        certificate: row.certificate.is_some(),
        unreadable: Some(reason.to_owned()),
    })
}

fn timeline(work: &Working<'_>) -> Result<Vec<CaseEvent>> {
    let subject = work.case.state().session().to_string();
    work.office.office.read(|conn| -> Result<_> {
        let envelopes = rows::envelopes(conn, work.row.id, None)?;
        let told = |row: rows::Envelope| {
            let queued = event::by_key(conn, LEAF_KIND, &subject, &row.seq.to_string())?;
            Ok(CaseEvent {
                seq: row.seq,
                message: row.message,
                sender: row.sender.word().to_owned(),
                at: row.at,
                state: row.state,
                leaf: queued.and_then(|queued| queued.leaf),
            })
        };
        envelopes.into_iter().map(told).collect()
    })
}

fn location(work: &Working<'_>, place: &Place) -> Location {
    let state = work.case.state();
    let said = state.said();
    let possessed = said.possession.iter().flat_map(|kept| &kept.body.locations);
    let absence =
        said.absence.iter().flat_map(|kept| &kept.body.locations).find(|absent| absent.location == place.id);
    let verdict = state.verdict(&place.id);
    let level = absence.map(|absent| absent.level).or_else(|| verdict.map(|verdict| verdict.level));
    Location {
        id: place.id.to_string(),
        kind: word(&place.kind),
        declared: [&place.make, &place.model, &place.serial].map(String::as_str).join(" "),
        assurance: level.map(|level| level.name().to_owned()),
        possessed: possessed
            .filter(|held| held.location == place.id)
            .map(|held| held.held.count())
            .reduce(u64::saturating_add),
        remaining: verdict.map(|verdict| verdict.hits),
        residue: absence.map(|absent| absent.residue.clone()),
    }
}

/// Every condition: as it was found, or not yet looked at. Before the seal is signed, as the seal would find it, so
/// that the officers know what they sign.
fn guards(work: &Working<'_>) -> Result<Vec<Guard>> {
    let mut found: Vec<Met> = work.case.state().guards().cloned().collect();
    if work.due() == Due::Seal {
        let stamp = work.stamp()?;
        let seal = work.case.seal(work.seal(&stamp)?, &stamp).map_err(super::undrafted)?;
        match work.case.weigh(&seal) {
            Ok(guards) => found = guards,
            Err(Refused::Guards(missing)) => found.extend(missing),
            Err(refusal) => return Err(super::refused(refusal)),
        }
    }
    let unmet = work.case.state().unmet();
    let guard = |code: &GuardCode| {
        let of = |guard: &&Met| guard.code == *code;
        let guard = found.iter().find(of).cloned().or_else(|| unmet.iter().find(of).cloned());
        guard.map(|guard| Guard { code: code.name().to_owned(), met: guard.met, detail: guard.detail })
    };
    Ok(GuardCode::ALL.iter().filter_map(guard).collect())
}

fn next(work: &Working<'_>) -> Result<Option<NextStep>> {
    Ok(match work.due() {
        Due::Invite => Some(NextStep::SignInvite),
        Due::Seal => Some(NextStep::SignSeal),
        Due::Ready => Some(NextStep::SignReady),
        // The code is typed: now both sign that the erasure may begin.
        Due::Authorise if work.is_code_typed()? => Some(NextStep::SignReady),
        Due::Authorise | Due::Commit | Due::Reveal => Some(NextStep::Ceremony),
        Due::Vendor if work.case.state().phase() == Phase::Authorising => Some(NextStep::Ceremony),
        Due::Verify | Due::Absence | Due::Certificate => Some(NextStep::SignCertificate),
        Due::Vendor | Due::Challenge | Due::Check | Due::Resume | Due::Assemble => {
            Some(NextStep::AwaitVendor)
        }
        Due::Nothing => None,
    })
}

/// The message that waits for the officers' signatures, by the name that its words have.
fn signing(work: &Working<'_>) -> Result<Option<&'static str>> {
    Ok(match work.due() {
        Due::Invite => Some("M1.invite"),
        Due::Seal => Some("M3.seal"),
        Due::Ready => Some("M6.ready"),
        Due::Authorise if work.is_code_typed()? => Some("M7.authorise"),
        Due::Verify => Some("M10.verify"),
        Due::Absence => Some("M11.absence"),
        Due::Certificate => Some("M12.certificate"),
        _ => None,
    })
}

/// The offices whose signature it still lacks.
fn awaits(work: &Working<'_>) -> Result<Vec<Role>> {
    if signing(work)?.is_none() {
        return Ok(Vec::new());
    }
    let Some(draft) = work.waiting()? else {
        // Nobody has signed yet.
        return Ok(match work.due() {
            Due::Invite => vec![Role::Registrar],
            Due::Verify => vec![Role::It],
            _ => vec![Role::Registrar, Role::It],
        });
    };
    let missing = draft.missing(work.case.state().policy()).map_err(super::broken)?;
    let office = |role: &Signer| match role {
        Signer::Registrar => Some(Role::Registrar),
        Signer::It => Some(Role::It),
        _ => None,
    };
    Ok(missing.iter().filter_map(office).collect())
}

fn ceremony(work: &Working<'_>) -> Result<Option<Ceremony>> {
    let state = work.case.state();
    let Some(exchange) = state.ceremony().filter(|_| state.phase() == Phase::Authorising) else {
        return Ok(None);
    };
    Ok(Some(Ceremony {
        code: work.case.own_code(),
        vendor_typed: state.said().confirm.is_some(),
        school_typed: work.is_code_typed()?,
        closes: exchange.began().checked_add(CEREMONY).ok(),
    }))
}
