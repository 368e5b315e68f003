//! Who the parties are and which keys speak for them: agreed on in the contract, the same for both sides.

use ledger::{
    Hash, PolicyError as WitnessPolicyError, WitnessPolicy,
    json::{JsonError, canonical},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::keys::{Party, PublicKey, Role};

/// Names, keys and the witnesses' quorum of one contract. Its fingerprint is printed in the contract's annex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyTerms {
    /// The version of this format, 1.
    pub v: u8,
    /// The school.
    pub school: Organisation,
    /// The school's first officer.
    pub registrar: Officer,
    /// The school's second officer.
    pub it: Officer,
    /// The vendor; its key is the agent's.
    pub vendor: Organisation,
    /// The person who may bind the vendor.
    pub legal: Officer,
    /// The ledger, the witnesses and the quorum, as a C2SP tlog-policy.
    pub ledger: String,
}

/// An organisation and the key of its machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// The key of its appliance or agent.
    pub key: PublicKey,
}

/// A person who signs, with a key of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// Their name.
    pub name: String,
    /// Their title.
    pub title: String,
    /// Their key.
    pub key: PublicKey,
}

/// Terms that were checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Policy {
    terms: PolicyTerms,
    #[serde(skip)]
    ledger: WitnessPolicy,
    #[serde(skip)]
    fingerprint: Hash,
}

/// Why terms are not a policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// An unknown version.
    #[error("a policy of an unknown version")]
    Version,
    /// A name is empty.
    #[error("the policy names no {0:?}")]
    Name(Role),
    /// One key would have two roles.
    #[error("the key of {0:?} has another role too")]
    SharedKey(Role),
    /// The part about the ledger is bad.
    #[error("the policy's ledger part is not understood: {0}")]
    Ledger(#[from] WitnessPolicyError),
    /// The policy must name exactly one ledger.
    #[error("the policy must name one ledger")]
    OneLedger,
    /// The terms can't be written.
    #[error(transparent)]
    Json(#[from] JsonError),
}

const ROLES: [Role; 5] = [Role::School, Role::Registrar, Role::It, Role::Agent, Role::Legal];

impl Policy {
    /// Checks terms: every party has a name and a key that has no other role, and the ledger part is sound.
    ///
    /// # Errors
    ///
    /// If not.
    pub fn new(terms: PolicyTerms) -> Result<Self, PolicyError> {
        if terms.v != 1 {
            return Err(PolicyError::Version);
        }
        let ledger: WitnessPolicy = terms.ledger.parse()?;
        if ledger.logs().len() != 1 {
            return Err(PolicyError::OneLedger);
        }
        let fingerprint = Hash::of(&canonical(&terms)?);
        let policy = Self { terms, ledger, fingerprint };
        policy.check()?;
        Ok(policy)
    }

    fn check(&self) -> Result<(), PolicyError> {
        let logs = self.ledger.logs().iter().map(ledger::VerifierKey::key_bytes);
        let mut seen: Vec<[u8; 32]> =
            logs.chain(self.ledger.witnesses().map(|(_, key)| key.key_bytes())).collect();
        for role in ROLES {
            if self.name(role).trim().is_empty() {
                return Err(PolicyError::Name(role));
            }
            let key = *self.key(role).as_bytes();
            if seen.contains(&key) {
                return Err(PolicyError::SharedKey(role));
            }
            seen.push(key);
        }
        Ok(())
    }

    /// The terms.
    #[must_use]
    pub const fn terms(&self) -> &PolicyTerms {
        &self.terms
    }

    /// The ledger, its witnesses and the quorum.
    #[must_use]
    pub const fn ledger(&self) -> &WitnessPolicy {
        &self.ledger
    }

    /// SHA-256 of the terms' canonical JSON: what is printed.
    #[must_use]
    pub const fn fingerprint(&self) -> Hash {
        self.fingerprint
    }

    /// The key of a role.
    #[must_use]
    pub const fn key(&self, role: Role) -> &PublicKey {
        match role {
            Role::School => &self.terms.school.key,
            Role::Registrar => &self.terms.registrar.key,
            Role::It => &self.terms.it.key,
            Role::Agent => &self.terms.vendor.key,
            Role::Legal => &self.terms.legal.key,
        }
    }

    /// The name of who has a role.
    #[must_use]
    pub fn name(&self, role: Role) -> &str {
        match role {
            Role::School => &self.terms.school.name,
            Role::Registrar => &self.terms.registrar.name,
            Role::It => &self.terms.it.name,
            Role::Agent => &self.terms.vendor.name,
            Role::Legal => &self.terms.legal.name,
        }
    }

    /// The key of a party's machine.
    #[must_use]
    pub const fn machine_key(&self, party: Party) -> &PublicKey {
        match party {
            Party::School => self.key(Role::School),
            Party::Vendor => self.key(Role::Agent),
        }
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(PolicyTerms::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
