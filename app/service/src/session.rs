//! Signing in and out.
//!
//! - The cookie is 32 random bytes; only its SHA-256 is kept.
//! - A session ends when unused for a while and, used or not, after a working day.
//! - Guessing is slowed per account, existing or not, and across restarts. The answer takes the same time and says the
//!   same whether the account exists or not.

use std::sync::OnceLock;

use api::account::{Purpose, Session, SignIn};
use api::{Flaw, ProblemCode, ids::UserId};
use archive::db::office::{session as rows, sign_in, user};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::actor::SessionFacts;
use crate::config::SessionLimits;
use crate::keys::random;
use crate::{Actor, Error, Office, Refusal as _, Result, account, audit};

/// Failures in a row that are free.
const FREE_FAILURES: u32 = 4;

/// The longest an account is locked.
const LONGEST_LOCK: SignedDuration = SignedDuration::from_mins(15);

/// How exactly the time of the last use is known.
const USED_GRAIN: SignedDuration = SignedDuration::from_secs(60);

/// A fresh session: its cookie, known to the client only, and who it is for.
pub struct Opened {
    /// The cookie's value.
    pub cookie: String,
    /// Who signed in.
    pub actor: Actor,
}

/// Signs in.
///
/// # Errors
///
/// `bad-credentials`; `too-many-attempts` while the account is locked.
pub fn open(office: &Office, sign_in: &SignIn) -> Result<Opened> {
    let key = attempts_key(office, &sign_in.account);
    let now = Timestamp::now();
    refuse_locked(office, &key, now)?;
    let found = office.office.read(|conn| -> Result<_> {
        let Some(user) = user::by_account(conn, &sign_in.account)? else { return Ok(None) };
        let secrets = user::secrets(conn, user.id)?;
        Ok(secrets.map(|secrets| (user, secrets.password)))
    })?;
    let hash = match &found {
        Some((_, hash)) => hash.as_str(),
        None => nobody()?,
    };
    let right = account::verify_password(&sign_in.password, hash);
    match found {
        Some((user, _)) if right && user.active => begin(office, user, &key, now),
        found => {
            let user = found.map(|(user, _)| user.id);
            fail(office, &key, user, now)?;
            Err(account::bad_credentials())
        }
    }
}

/// Who a cookie belongs to, if its session has not ended.
///
/// # Errors
///
/// When the store can't be used.
pub fn resume(office: &Office, cookie: &str) -> Result<Option<Actor>> {
    let hash = hash(cookie);
    let now = Timestamp::now();
    let found = office.office.read(|conn| -> Result<_> {
        let Some(session) = rows::by_hash(conn, &hash)? else { return Ok(None) };
        Ok(user::by_id(conn, session.user)?.map(|user| (session, user)))
    })?;
    let Some((session, user)) = found else { return Ok(None) };
    if !user.active || now >= ends(&session, office.config.sessions) {
        return Ok(None);
    }
    if now.duration_since(session.used) >= USED_GRAIN {
        // A full disk must not keep anybody from reading: the session then ends a little early.
        if let Err(error) = office.office.write(|tx| rows::set_used(tx, &hash, now)) {
            tracing::warn!(error = %error, "That a session is in use could not be written down.");
        }
    }
    Ok(Some(with_session(account::to_actor(user), session, office.config.sessions, now)))
}

/// What the client is told of its session. `GET /session`
///
/// # Errors
///
/// `sign-in-required` for an actor without a session.
pub fn describe(office: &Office, actor: &Actor) -> Result<Session> {
    let session = actor.session.as_ref().ok_or_else(sign_in_required)?;
    let user = office.office.read(|conn| user::by_id(conn, actor.user))?.ok_or_else(sign_in_required)?;
    Ok(Session {
        user: account::to_api(user),
        rights: actor.rights.iter().copied().collect(),
        csrf: session.csrf.clone(),
        purpose: actor.purpose.clone(),
        expires: session.expires,
    })
}

/// States the purpose of the current task.
///
/// # Errors
///
/// `bad-field` when it is shorter than 2 or longer than 200 characters.
pub fn state_purpose(office: &Office, actor: &Actor, purpose: &Purpose) -> Result<()> {
    let session = actor.session.as_ref().ok_or_else(sign_in_required)?;
    let text = purpose.text.trim();
    if !(2..=200).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(Error::bad_field("text", Flaw::Length { min: 2, max: 200 }));
    }
    let stated = Actor { purpose: Some(text.to_owned()), ..actor.clone() };
    office.office.write(|tx| {
        rows::set_purpose(tx, &session.hash, Some(text))?;
        audit::record_in(tx, &stated, "session.purpose", None, true)
    })
}

/// Signs out.
///
/// # Errors
///
/// When the store can't be written.
pub fn close(office: &Office, actor: &Actor) -> Result<()> {
    let Some(session) = &actor.session else { return Ok(()) };
    office.office.write(|tx| {
        rows::delete(tx, &session.hash)?;
        audit::record_in(tx, actor, "session.close", None, true)
    })
}

/// Removes sessions that ended and failed attempts of yesterday. To be called now and then.
///
/// # Errors
///
/// When the store can't be written.
pub fn sweep(office: &Office) -> Result<()> {
    let now = Timestamp::now();
    let limits = office.config.sessions;
    office.office.write(|tx| {
        rows::delete_ended(tx, now - limits.idle, now - limits.absolute)?;
        sign_in::forget(tx, now - SignedDuration::from_hours(24))?;
        Ok(())
    })
}

fn begin(office: &Office, user: user::User, key: &[u8; 32], now: Timestamp) -> Result<Opened> {
    let cookie = hex::encode(random::<32>().or_failed("make a session")?);
    let session = rows::Session {
        hash: hash(&cookie),
        user: user.id,
        csrf: hex::encode(random::<16>().or_failed("make a session")?),
        purpose: None,
        since: user.last_seen,
        created: now,
        used: now,
    };
    let actor = account::to_actor(user);
    office.office.write(|tx| -> Result<()> {
        sign_in::clear(tx, key)?;
        rows::insert(tx, &session)?;
        user::set_seen(tx, actor.user, now)?;
        audit::record_in(tx, &actor, "session.open", None, true)
    })?;
    Ok(Opened { cookie, actor: with_session(actor, session, office.config.sessions, now) })
}

fn fail(office: &Office, key: &[u8; 32], user: Option<UserId>, now: Timestamp) -> Result<()> {
    office.office.write(|tx| {
        let failures = sign_in::attempts(tx, key)?.map_or(0, |attempts| attempts.failures).saturating_add(1);
        let attempts = sign_in::Attempts { failures, locked_until: now + lock_time(failures) };
        sign_in::set(tx, key, attempts, now)?;
        // What was typed as account may be a password; only an account that exists is named.
        let nobody = Actor::appliance();
        audit::record_in(tx, &nobody, "session.open", user.map(|id| id.to_string()).as_deref(), false)
    })
}

fn refuse_locked(office: &Office, key: &[u8; 32], now: Timestamp) -> Result<()> {
    match office.office.read(|conn| sign_in::attempts(conn, key))? {
        Some(attempts) if attempts.locked_until > now => {
            let seconds = attempts.locked_until.duration_since(now).as_secs() + 1;
            Err(Error::refused(ProblemCode::TooManyAttempts, [("seconds", seconds.to_string())]))
        }
        _ => Ok(()),
    }
}

/// Nothing for the first failures, then half a minute, doubling.
fn lock_time(failures: u32) -> SignedDuration {
    match failures.checked_sub(FREE_FAILURES + 1) {
        None => SignedDuration::ZERO,
        Some(beyond) => {
            let seconds = 30_i64.saturating_mul(1_i64.checked_shl(beyond.min(16)).unwrap_or(i64::MAX));
            SignedDuration::from_secs(seconds).min(LONGEST_LOCK)
        }
    }
}

fn ends(session: &rows::Session, limits: SessionLimits) -> Timestamp {
    (session.used + limits.idle).min(session.created + limits.absolute)
}

fn with_session(actor: Actor, session: rows::Session, limits: SessionLimits, now: Timestamp) -> Actor {
    let used = rows::Session { used: now, ..session };
    let expires = ends(&used, limits);
    let facts = SessionFacts { hash: used.hash, csrf: used.csrf, since: used.since, expires };
    Actor { purpose: used.purpose, session: Some(facts), ..actor }
}

/// Attempts are counted under a keyed hash, because people type passwords where the account belongs.
fn attempts_key(office: &Office, account: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(office.keys.office.bytes());
    digest.update(b"sign-in");
    digest.update(account.as_bytes());
    digest.finalize().into()
}

fn hash(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie.as_bytes()).into()
}

fn sign_in_required() -> Error {
    Error::refused(ProblemCode::SignInRequired, [])
}

/// The hash of nobody's password: verifying against it takes as long as against somebody's.
fn nobody() -> Result<&'static str> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    match NOBODY.get() {
        Some(hash) => Ok(hash),
        None => {
            let hash = account::hash_password(&hex::encode(random::<16>().or_failed("hash a password")?))?;
            Ok(NOBODY.get_or_init(|| hash))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_locked_out_for_longer_and_longer_but_not_for_ever() {
        assert_eq!(lock_time(FREE_FAILURES), SignedDuration::ZERO);
        assert_eq!(lock_time(FREE_FAILURES + 1), SignedDuration::from_secs(30));
        assert_eq!(lock_time(FREE_FAILURES + 2), SignedDuration::from_secs(60));
        assert_eq!(lock_time(u32::MAX), LONGEST_LOCK);
    }
}
