//! Accounts, their offices, their passwords, and the signing keys that passwords open.

use std::collections::BTreeSet;

use api::account::{ChangePassword, ChangeUser, NewUser, RightsTable, RoleRights, User};
use api::{Flaw, ProblemCode, Right, Role, ids::UserId};
use archive::db::{self, Transaction, office::session, office::user as rows};
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::SaltString,
};
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::keys::{Secret, random};
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event, from_word, seal, word};

/// The fewest characters of a password.
pub const MIN_PASSWORD: usize = 10;

/// The most bytes of a password: hashing time must not depend on what a stranger sends.
const MAX_PASSWORD: usize = 512;

/// argon2id with 19 MiB, two passes, one lane: the OWASP Password Storage Cheat Sheet's first choice.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Lists every account.
///
/// # Errors
///
/// Without the right `manage_accounts`.
pub fn list(office: &Office, actor: &Actor) -> Result<Vec<User>> {
    actor.may(Right::ManageAccounts)?;
    let rows = office.office.read(rows::all)?;
    Ok(rows.into_iter().map(to_api).collect())
}

/// Returns one account.
///
/// # Errors
///
/// Without the right `manage_accounts`; `not-found`.
pub fn get(office: &Office, actor: &Actor, id: UserId) -> Result<User> {
    actor.may(Right::ManageAccounts)?;
    office.office.read(|conn| find(conn, id)).map(to_api)
}

/// Creates an account.
///
/// # Errors
///
/// Without the right `manage_accounts`; `bad-field`, `roles-exclude`, `weak-password`, `account-exists`.
pub fn create(office: &Office, actor: &Actor, new: &NewUser) -> Result<User> {
    actor.may(Right::ManageAccounts)?;
    check_account(&new.account)?;
    check_name(&new.name)?;
    check_roles(&new.roles)?;
    check_password(&new.account, &new.password)?;
    let user = rows::User {
        id: UserId::new(),
        account: new.account.clone(),
        name: new.name.trim().to_owned(),
        roles: words(&new.roles),
        active: true,
        last_seen: None,
    };
    let secrets = secrets(user.id, &new.password)?;
    office.office.write(|tx| {
        rows::insert(tx, &user, &secrets, Timestamp::now()).map_err(|error| {
            if db::is_constraint(&error) {
                Error::refused(ProblemCode::AccountExists, [])
            } else {
                error.into()
            }
        })?;
        told(tx, actor, "account.created", user.id, &user.roles)
    })?;
    Ok(to_api(user))
}

/// Changes an account. Its sessions end, so that what it lost is lost at once.
///
/// # Errors
///
/// Without the right `manage_accounts`; `not-found`, `bad-field`, `roles-exclude`; `wrong-state` when nobody could
/// keep accounts afterwards.
pub fn change(office: &Office, actor: &Actor, id: UserId, change: &ChangeUser) -> Result<User> {
    actor.may(Right::ManageAccounts)?;
    check_name(&change.name)?;
    check_roles(&change.roles)?;
    let user = office.office.write(|tx| {
        find(tx, id)?;
        rows::update(tx, id, change.name.trim(), &words(&change.roles), change.active)?;
        if rows::active_with_role(tx, &word(&Role::SecurityAdmin))? == 0 {
            return Err(nobody_left(id));
        }
        session::delete_of(tx, id, None)?;
        let user = find(tx, id)?;
        told(tx, actor, "account.changed", id, &user.roles)?;
        Ok(user)
    })?;
    Ok(to_api(user))
}

/// Sets another's password anew. The account's sessions end, and it gets a new signing key: the old one can't be
/// opened without the old password.
///
/// # Errors
///
/// Without the right `manage_accounts`; `not-found`, `weak-password`.
pub fn reset_password(office: &Office, actor: &Actor, id: UserId, password: &str) -> Result<()> {
    actor.may(Right::ManageAccounts)?;
    let user = office.office.read(|conn| find(conn, id))?;
    check_password(&user.account, password)?;
    let secrets = secrets(id, password)?;
    office.office.write(|tx| {
        rows::set_secrets(tx, id, &secrets)?;
        session::delete_of(tx, id, None)?;
        told(tx, actor, "account.password-reset", id, &user.roles)
    })
}

/// Changes one's own password. Other sessions of the account end; the signing key stays.
///
/// # Errors
///
/// `bad-credentials`, `weak-password`.
pub fn change_password(office: &Office, actor: &Actor, change: &ChangePassword) -> Result<()> {
    let key = officer_key(office, actor, &change.old)?;
    check_password(&actor.account, &change.new)?;
    let secrets = secrets_with(actor.user, &change.new, &key)?;
    office.office.write(|tx| {
        rows::set_secrets(tx, actor.user, &secrets)?;
        session::delete_of(tx, actor.user, actor.session.as_ref().map(|session| &session.hash))?;
        audit::record_in(tx, actor, "account.password-changed", Some(&actor.user.to_string()), true)
    })
}

/// Opens the actor's signing key with the actor's password, for one signature.
///
/// # Errors
///
/// `bad-credentials` when the password is wrong.
pub fn officer_key(office: &Office, actor: &Actor, password: &str) -> Result<SigningKey> {
    let secrets = office.office.read(|conn| rows::secrets(conn, actor.user))?.ok_or_else(bad_credentials)?;
    if !verify_password(password, &secrets.password) {
        audit::record(office, actor, "account.password", Some(&actor.user.to_string()), false)?;
        return Err(bad_credentials());
    }
    open_key(actor.user, password, &secrets.officer_sealed)
}

/// The public half of an account's signing key.
///
/// # Errors
///
/// `not-found`.
pub fn officer_public(office: &Office, id: UserId) -> Result<[u8; 32]> {
    let secrets = office.office.read(|conn| rows::secrets(conn, id))?;
    secrets
        .and_then(|secrets| secrets.officer_public.try_into().ok())
        .ok_or_else(|| Error::not_found(UserId::KIND, id))
}

/// The offices and what each may do.
#[must_use]
pub fn rights_table() -> RightsTable {
    let row = |role: &Role| RoleRights { role: *role, rights: role.rights().to_vec() };
    RightsTable { roles: Role::ALL.iter().map(row).collect() }
}

/// The actor an account's row stands for, without a session.
pub(crate) fn to_actor(user: rows::User) -> Actor {
    Actor::new(user.id, user.account, user.name, roles(&user.roles))
}

pub(crate) fn to_api(user: rows::User) -> User {
    User {
        id: user.id,
        account: user.account,
        name: user.name,
        roles: roles(&user.roles),
        active: user.active,
        last_seen: user.last_seen,
    }
}

/// Whether a text has the form of an account's name: 2 to 32 lower-case letters, digits, `-`, `_`, `.`.
#[must_use]
pub fn is_account(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    (2..=32).contains(&text.len()) && text.chars().all(allowed) && !["console", "appliance"].contains(&text)
}

/// Whether a password is the one of which `hash` was kept. Takes the same time whatever the answer.
pub(crate) fn verify_password(password: &str, hash: &str) -> bool {
    password.len() <= MAX_PASSWORD
        && hasher().is_ok_and(|hasher| {
            PasswordHash::new(hash)
                .is_ok_and(|hash| hasher.verify_password(password.as_bytes(), &hash).is_ok())
        })
}

pub(crate) fn bad_credentials() -> Error {
    Error::refused(ProblemCode::BadCredentials, [])
}

fn find(conn: &db::Connection, id: UserId) -> Result<rows::User> {
    rows::by_id(conn, id)?.ok_or_else(|| Error::not_found(UserId::KIND, id))
}

/// Adds the change to the audit trail and queues it for the ledger.
fn told(tx: &Transaction<'_>, actor: &Actor, kind: &str, id: UserId, roles: &[String]) -> Result<()> {
    audit::record_in(tx, actor, kind, Some(&id.to_string()), true)?;
    let reference = Timestamp::now().to_string();
    event::queue(tx, actor, kind, id, &reference, &serde_json::json!({ "roles": roles }))
}

fn roles(words: &[String]) -> Vec<Role> {
    let held: BTreeSet<Role> = words.iter().filter_map(|word| from_word(word)).collect();
    held.into_iter().collect()
}

fn words(roles: &[Role]) -> Vec<String> {
    let held: BTreeSet<Role> = roles.iter().copied().collect();
    held.iter().map(word).collect()
}

fn nobody_left(id: UserId) -> Error {
    Error::refused(
        ProblemCode::WrongState,
        [
            ("kind", UserId::KIND.to_owned()),
            ("id", id.to_string()),
            ("state", "the last one that can keep accounts".to_owned()),
        ],
    )
}

fn check_account(account: &str) -> Result<()> {
    if is_account(account) { Ok(()) } else { Err(Error::bad_field("account", Flaw::AccountName)) }
}

fn check_name(name: &str) -> Result<()> {
    let count = name.trim().chars().count();
    if (1..=64).contains(&count) && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Error::bad_field("name", Flaw::Length { min: 1, max: 64 }))
    }
}

fn check_roles(roles: &[Role]) -> Result<()> {
    for (at, a) in roles.iter().enumerate() {
        if let Some(b) = roles.iter().skip(at + 1).find(|b| a.excludes(**b)) {
            return Err(Error::refused(ProblemCode::RolesExclude, [("a", word(a)), ("b", word(b))]));
        }
    }
    Ok(())
}

fn check_password(account: &str, password: &str) -> Result<()> {
    let long_enough = password.chars().count() >= MIN_PASSWORD && password.len() <= MAX_PASSWORD;
    let monotonous = password.chars().collect::<BTreeSet<_>>().len() < 4;
    if long_enough && !monotonous && !password.to_lowercase().contains(account) {
        Ok(())
    } else {
        Err(Error::refused(ProblemCode::WeakPassword, [("min", MIN_PASSWORD.to_string())]))
    }
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)
        .map_err(|error| Error::failed("prepare password hashing", error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A password's hash and a fresh signing key sealed under it.
fn secrets(id: UserId, password: &str) -> Result<rows::Secrets> {
    let seed = Zeroizing::new(random::<32>().or_failed("make a signing key")?);
    secrets_with(id, password, &SigningKey::from_bytes(&seed))
}

fn secrets_with(id: UserId, password: &str, key: &SigningKey) -> Result<rows::Secrets> {
    let salt: [u8; 16] = random().or_failed("salt a key")?;
    let sealed = seal::seal(&password_key(password, &salt)?, id.to_string().as_bytes(), key.as_bytes())
        .or_failed("seal a key")?;
    Ok(rows::Secrets {
        password: hash_password(password)?,
        officer_public: key.verifying_key().to_bytes().to_vec(),
        officer_sealed: [salt.as_slice(), &sealed].concat(),
    })
}

fn open_key(id: UserId, password: &str, sealed: &[u8]) -> Result<SigningKey> {
    let broken = || Error::failed("open a signing key", format!("the sealed key of {id} can't be opened"));
    let (salt, sealed) = sealed.split_at_checked(16).ok_or_else(broken)?;
    let key = password_key(password, salt)?;
    let seed = seal::open(&key, id.to_string().as_bytes(), sealed).ok_or_else(broken)?;
    let seed = Zeroizing::new(<[u8; 32]>::try_from(seed.as_slice()).map_err(|_| broken())?);
    Ok(SigningKey::from_bytes(&seed))
}

/// The key a password stands for: argon2id with a salt of its own, never the password's hash.
fn password_key(password: &str, salt: &[u8]) -> Result<Secret> {
    let mut key = [0; 32];
    hasher()?
        .hash_password_into(password.as_bytes(), salt, &mut key)
        .map_err(|error| Error::failed("derive a key", error.to_string()))?;
    Ok(Secret::from_bytes(key))
}

pub(crate) fn hash_password(password: &str) -> Result<String> {
    let salt: [u8; 16] = random().or_failed("salt a password")?;
    let failed = |error: argon2::password_hash::Error| Error::failed("hash a password", error.to_string());
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Ok(hasher()?.hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}
