//! M12 and M13: the statement, the consent to it, and its end.

use ledger::Hash;
use serde::{Deserialize, Serialize};

use crate::statement::Statement;

/// M12. What the certificate will say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateBody {
    /// The statement, exactly as it follows from the messages before.
    pub statement: Statement,
}

/// M12. The vendor agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Countersign {
    /// The hash of the envelope with the statement.
    pub certificate: Hash,
    /// What the vendor wants to add.
    pub remarks: String,
}

/// M13. A copy was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// What was found and where.
    pub evidence: String,
    /// The hash of the proof.
    pub proof: Hash,
}
