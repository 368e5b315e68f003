//! Vendors and their certificates.

use ids::VendorId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

/// One vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// Its id.
    pub id: VendorId,
    /// Its name.
    pub name: String,
    /// Who signs for it.
    pub legal_name: String,
    /// The agent's Ed25519 public key, base64.
    pub agent_key: String,
    /// The signatory's Ed25519 public key, base64.
    pub legal_key: String,
    /// Its certificate, PEM.
    pub certificate: String,
    /// SHA-256 of the certificate's DER, hex.
    pub fingerprint: String,
    /// When the certificate expires.
    pub expires: Timestamp,
    /// When it was registered.
    pub created: Timestamp,
    /// Whether it may connect.
    pub active: bool,
}

impl Vendor {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            legal_name: row.get("legal_name")?,
            agent_key: row.get("agent_key")?,
            legal_key: row.get("legal_key")?,
            certificate: row.get("certificate")?,
            fingerprint: row.get("fingerprint")?,
            expires: row.get::<_, At>("expires")?.0,
            created: row.get::<_, At>("created")?.0,
            active: row.get("active")?,
        })
    }
}

/// The vendor `id`, if there is one.
pub fn get(conn: &Connection, id: VendorId) -> rusqlite::Result<Option<Vendor>> {
    conn.prepare_cached("SELECT * FROM vendor WHERE id = :id")?
        .query_row(named_params! {":id": id}, Vendor::from_row)
        .optional()
}

/// The vendor whose certificate has this SHA-256, active or not.
pub fn by_fingerprint(conn: &Connection, fingerprint: &str) -> rusqlite::Result<Option<Vendor>> {
    conn.prepare_cached("SELECT * FROM vendor WHERE fingerprint = :fingerprint")?
        .query_row(named_params! {":fingerprint": fingerprint}, Vendor::from_row)
        .optional()
}

/// Every vendor, by name.
pub fn list(conn: &Connection) -> rusqlite::Result<Vec<Vendor>> {
    conn.prepare_cached("SELECT * FROM vendor ORDER BY name, id")?.query_map([], Vendor::from_row)?.collect()
}

/// Registers a vendor.
pub fn insert(tx: &Transaction<'_>, vendor: &Vendor) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO vendor (id, name, legal_name, agent_key, legal_key, certificate, fingerprint, expires, created, active)
         VALUES (:id, :name, :legal_name, :agent_key, :legal_key, :certificate, :fingerprint, :expires, :created, :active)",
        named_params! {
            ":id": vendor.id, ":name": vendor.name, ":legal_name": vendor.legal_name,
            ":agent_key": vendor.agent_key, ":legal_key": vendor.legal_key,
            ":certificate": vendor.certificate, ":fingerprint": vendor.fingerprint,
            ":expires": At(vendor.expires), ":created": At(vendor.created), ":active": vendor.active,
        },
    )?;
    Ok(())
}

/// Lets a vendor connect, or no longer.
pub fn set_active(tx: &Transaction<'_>, id: VendorId, active: bool) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE vendor SET active = :active WHERE id = :id",
        named_params! {":id": id, ":active": active},
    )?;
    Ok(())
}
