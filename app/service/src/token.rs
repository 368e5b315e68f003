//! Capture tokens: the only thing a vendor ever learns of a person.
//!
//! A token is `XC` and 26 characters of Crockford's base 32: ten random bytes and six bytes of an HMAC-SHA-256 over
//! campaign and random bytes. A forged one is recognised without any look-up; an authentic one says nothing of anybody.

use api::campaign::{Slip, TokensIssued};
use api::{Page, Right, Slice, ids::CampaignId};
use archive::db::catalog::person;
use archive::db::office::token as rows;
use archive::person::{NameMask, mask_name};
use jiff::Timestamp;
use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};
use qrcode::{EcLevel, QrCode, render::svg};
use subtle::ConstantTimeEq as _;

use crate::keys::{self, Secret};
use crate::{Actor, Office, Refusal as _, Result, audit, campaign, dossier, event};

/// Crockford's alphabet: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: &str = "XC";
const RANDOM: usize = 10;
const TAG: usize = 6;
const LENGTH: usize = RANDOM + TAG;

/// Issues the tokens that are still missing. Everybody keeps the one they have.
///
/// # Errors
///
/// Without the right `manage_campaigns`; `not-found`.
pub fn issue(office: &Office, actor: &Actor, campaign: CampaignId) -> Result<TokensIssued> {
    actor.may(Right::ManageCampaigns)?;
    campaign::find(office, campaign)?;
    let now = Timestamp::now();
    office.office.write(|tx| -> Result<_> {
        let people = rows::without(tx, campaign)?;
        for &person in &people {
            let token = draw(&office.keys.token, campaign)?;
            rows::insert(tx, &rows::Token { token, campaign, person, issued: now })?;
        }
        let total = rows::count(tx, campaign)?;
        let issued = people.len() as u64;
        if issued > 0 {
            let detail = serde_json::json!({"issued": issued, "total": total});
            event::queue(tx, actor, "tokens.issued", campaign, &now.to_string(), &detail)?;
        }
        audit::record_in(tx, actor, "tokens.issue", Some(&campaign.to_string()), true)?;
        Ok(TokensIssued { issued, total })
    })
}

/// The list for the vendor: one token a line under the heading `token`, in an order that says nothing of anybody.
///
/// # Errors
///
/// As [`issue`].
pub fn list_csv(office: &Office, actor: &Actor, campaign: CampaignId) -> Result<String> {
    actor.may(Right::ManageCampaigns)?;
    campaign::find(office, campaign)?;
    audit::record(office, actor, "tokens.list", Some(&campaign.to_string()), true)?;
    let tokens = office.office.read(|conn| rows::list(conn, campaign))?;
    Ok(tokens.into_iter().fold("token\r\n".to_owned(), |csv, row| csv + &row.token + "\r\n"))
}

/// The school's own hand-out slips: each token as text and as QR code, beside a masked name, by class. Not for vendors.
///
/// # Errors
///
/// As [`issue`].
pub fn slips(office: &Office, actor: &Actor, campaign: CampaignId, slice: Slice) -> Result<Page<Slip>> {
    actor.may(Right::ManageCampaigns)?;
    campaign::find(office, campaign)?;
    audit::record(office, actor, "tokens.slips", Some(&campaign.to_string()), true)?;
    let tokens = office.office.read(|conn| rows::list(conn, campaign))?;
    let mut people = office.catalog.read(|conn| -> Result<Vec<_>> {
        tokens
            .into_iter()
            .map(|row| Ok((person::facts(conn, row.person)?.unwrap_or_default(), row)))
            .collect()
    })?;
    people.sort_by(|(a, _), (b, _)| {
        (&a.college, &a.major, &a.class, &a.student_number).cmp(&(
            &b.college,
            &b.major,
            &b.class,
            &b.student_number,
        ))
    });
    let total = people.len() as u64;
    let part = people.into_iter().skip(slice.offset as usize).take(slice.limit.min(500) as usize);
    let items = part.map(|(facts, row)| {
        Ok(Slip {
            qr: qr_svg(&row.token)?,
            token: row.token,
            person: row.person,
            name: mask_name(&facts.name, NameMask::default()),
            student_number: dossier::masked_number(facts.student_number.as_deref()),
            college: facts.college.unwrap_or_default(),
            class: facts.class.unwrap_or_default(),
        })
    });
    Ok(Page { items: items.collect::<Result<_>>()?, total })
}

/// A token as a QR code, SVG.
///
/// # Errors
///
/// When the text is too long for a QR code, which a token is not.
pub fn qr_svg(token: &str) -> Result<String> {
    let code = QrCode::with_error_correction_level(token, EcLevel::M).or_failed("draw a QR code")?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(160, 160).quiet_zone(true).build())
}

/// Whether this school issued a token for this campaign. Says nothing of whether it is still on the roster.
#[must_use]
pub fn is_authentic(key: &Secret, campaign: CampaignId, token: &str) -> bool {
    let Some(bytes) = token.strip_prefix(PREFIX).and_then(decode) else { return false };
    let (random, given) = bytes.split_at(RANDOM);
    tag(key, campaign, random).is_ok_and(|tag| bool::from(tag.as_slice().ct_eq(given)))
}

/// A new token.
fn draw(key: &Secret, campaign: CampaignId) -> Result<String> {
    let random: [u8; RANDOM] = keys::random().or_failed("draw a token")?;
    let mut bytes = random.to_vec();
    bytes.extend(tag(key, campaign, &random)?);
    Ok(format!("{PREFIX}{}", encode(&bytes)))
}

fn tag(key: &Secret, campaign: CampaignId, random: &[u8]) -> Result<Vec<u8>> {
    let made = || -> std::result::Result<Vec<u8>, openssl::error::ErrorStack> {
        let key = PKey::hmac(key.bytes())?;
        let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
        signer.update(campaign.uuid().as_bytes())?;
        signer.update(random)?;
        signer.sign_to_vec()
    };
    let mut tag = made().or_failed("seal a token")?;
    tag.truncate(TAG);
    Ok(tag)
}

/// Base 32, most significant bit first; what is left over in the last character is zero.
fn encode(bytes: &[u8]) -> String {
    let (mut buffer, mut bits) = (0_u32, 0);
    let mut text = String::new();
    for &byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(buffer >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(buffer << (5 - bits)));
    }
    text
}

fn letter(value: u32) -> char {
    ALPHABET.get((value & 31) as usize).copied().map_or('0', char::from)
}

/// The bytes of a base 32 text of a token's length; capitals only, one spelling.
fn decode(text: &str) -> Option<[u8; LENGTH]> {
    let (mut buffer, mut bits) = (0_u32, 0);
    let mut bytes = Vec::with_capacity(LENGTH);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|&known| known == letter)?;
        buffer = (buffer << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 255).ok()?);
        }
    }
    let left_over = buffer & ((1 << bits) - 1);
    if left_over != 0 || bits >= 5 {
        return None;
    }
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Secret {
        Secret::from_bytes([7; 32])
    }

    #[test]
    fn a_token_is_authentic_for_its_campaign_and_no_other() {
        let campaign = CampaignId::new();
        let token = draw(&key(), campaign).unwrap();
        assert_eq!(token.len(), 28);
        assert!(is_authentic(&key(), campaign, &token));
        assert!(!is_authentic(&key(), CampaignId::new(), &token));
        assert!(!is_authentic(&Secret::from_bytes([8; 32]), campaign, &token));
    }

    #[test]
    fn a_token_with_any_character_changed_is_forged() {
        let campaign = CampaignId::new();
        let token = draw(&key(), campaign).unwrap();
        for at in 0..token.len() {
            let mut forged: Vec<char> = token.chars().collect();
            forged[at] = if forged[at] == '7' { '8' } else { '7' };
            let forged: String = forged.into_iter().collect();
            assert!(!is_authentic(&key(), campaign, &forged), "character {at}");
        }
        assert!(!is_authentic(&key(), campaign, &token.to_lowercase()));
        assert!(!is_authentic(&key(), campaign, ""));
    }

    #[test]
    fn base_32_reads_back_what_it_wrote() {
        for seed in 0..=255_u8 {
            let bytes: [u8; LENGTH] =
                std::array::from_fn(|at| seed.wrapping_mul(31).wrapping_add(u8::try_from(at).unwrap()));
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn a_qr_code_is_drawn() {
        let svg = qr_svg("XC0123456789ABCDEFGHJKMNPQRS").unwrap();
        assert!(svg.contains("<svg") && svg.contains("path"));
    }
}
