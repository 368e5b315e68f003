//! Accounts, the offices they hold, and their signing keys.

use ids::UserId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The name to sign in with.
    pub account: String,
    /// The person's own name.
    pub name: String,
    /// The offices held, as words, in no order.
    pub roles: Vec<String>,
    /// Whether it may sign in.
    pub active: bool,
    /// Last time it signed in.
    pub last_seen: Option<Timestamp>,
}

/// What proves who somebody is. Never printed.
#[derive(Clone)]
pub struct Secrets {
    /// The password's hash, a PHC string.
    pub password: String,
    /// The Ed25519 public key, 32 bytes.
    pub officer_public: Vec<u8>,
    /// The secret half, sealed under the password.
    pub officer_sealed: Vec<u8>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(withheld)")
    }
}

const COLUMNS: &str = "id, account, name, active, last_seen,
    (SELECT coalesce(group_concat(role), '') FROM user_role WHERE user = user.id) AS roles";

impl User {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let roles: String = row.get("roles")?;
        Ok(Self {
            id: row.get("id")?,
            account: row.get("account")?,
            name: row.get("name")?,
            roles: roles.split(',').filter(|role| !role.is_empty()).map(str::to_owned).collect(),
            active: row.get("active")?,
            last_seen: row.get::<_, Option<At>>("last_seen")?.map(|at| at.0),
        })
    }
}

/// Returns every account, by name to sign in with.
///
/// # Errors
///
/// When the store can't be read.
pub fn all(conn: &Connection) -> rusqlite::Result<Vec<User>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM user ORDER BY account"))?
        .query_map([], User::from_row)?
        .collect()
}

/// Returns an account by its id.
///
/// # Errors
///
/// When the store can't be read.
pub fn by_id(conn: &Connection, id: UserId) -> rusqlite::Result<Option<User>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM user WHERE id = :id"))?
        .query_row(named_params! {":id": id}, User::from_row)
        .optional()
}

/// Returns an account by the name to sign in with.
///
/// # Errors
///
/// When the store can't be read.
pub fn by_account(conn: &Connection, account: &str) -> rusqlite::Result<Option<User>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM user WHERE account = :account"))?
        .query_row(named_params! {":account": account}, User::from_row)
        .optional()
}

/// Returns what proves who the account's owner is.
///
/// # Errors
///
/// When the store can't be read.
pub fn secrets(conn: &Connection, id: UserId) -> rusqlite::Result<Option<Secrets>> {
    conn.prepare_cached(
        "SELECT password, coalesce(officer_public, x'') AS officer_public, coalesce(officer_sealed, x'') AS officer_sealed
         FROM user WHERE id = :id",
    )?
    .query_row(named_params! {":id": id}, |row| {
        Ok(Secrets {
            password: row.get("password")?,
            officer_public: row.get("officer_public")?,
            officer_sealed: row.get("officer_sealed")?,
        })
    })
    .optional()
}

/// Returns how many active accounts hold an office.
///
/// # Errors
///
/// When the store can't be read.
pub fn active_with_role(conn: &Connection, role: &str) -> rusqlite::Result<u64> {
    conn.prepare_cached(
        "SELECT count(*) FROM user JOIN user_role ON user_role.user = user.id WHERE role = :role AND active = 1",
    )?
    .query_row(named_params! {":role": role}, |row| row.get(0))
}

/// Records a new account.
///
/// # Errors
///
/// When the name is taken (a constraint) or the store can't be written.
pub fn insert(tx: &Transaction<'_>, user: &User, secrets: &Secrets, now: Timestamp) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO user (id, account, name, password, active, created, officer_public, officer_sealed)
         VALUES (:id, :account, :name, :password, :active, :created, :public, :sealed)",
        named_params! {
            ":id": user.id, ":account": user.account, ":name": user.name, ":password": secrets.password,
            ":active": user.active, ":created": At(now),
            ":public": secrets.officer_public, ":sealed": secrets.officer_sealed,
        },
    )?;
    insert_roles(tx, user.id, &user.roles)
}

/// Changes an account's name, offices and whether it may sign in.
///
/// # Errors
///
/// When the store can't be written.
pub fn update(
    tx: &Transaction<'_>,
    id: UserId,
    name: &str,
    roles: &[String],
    active: bool,
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE user SET name = :name, active = :active WHERE id = :id",
        named_params! {":id": id, ":name": name, ":active": active},
    )?;
    tx.execute("DELETE FROM user_role WHERE user = :id", named_params! {":id": id})?;
    insert_roles(tx, id, roles)
}

/// Replaces password and signing key.
///
/// # Errors
///
/// When the store can't be written.
pub fn set_secrets(tx: &Transaction<'_>, id: UserId, secrets: &Secrets) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE user SET password = :password, officer_public = :public, officer_sealed = :sealed WHERE id = :id",
        named_params! {
            ":id": id, ":password": secrets.password,
            ":public": secrets.officer_public, ":sealed": secrets.officer_sealed,
        },
    )?;
    Ok(())
}

/// Records that the account signed in.
///
/// # Errors
///
/// When the store can't be written.
pub fn set_seen(tx: &Transaction<'_>, id: UserId, now: Timestamp) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE user SET last_seen = :now WHERE id = :id",
        named_params! {":id": id, ":now": At(now)},
    )?;
    Ok(())
}

fn insert_roles(tx: &Transaction<'_>, id: UserId, roles: &[String]) -> rusqlite::Result<()> {
    for role in roles {
        tx.execute(
            "INSERT INTO user_role (user, role) VALUES (:user, :role)",
            named_params! {":user": id, ":role": role},
        )?;
    }
    Ok(())
}
