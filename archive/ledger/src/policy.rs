//! Whose word is enough (C2SP tlog-policy): logs, witnesses, groups of them, and the quorum.

use std::{collections::BTreeMap, str::FromStr};

use crate::{
    checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint},
    key::{KeyError, KeyKind, VerifierKey},
};

/// Which logs are accepted and which witnesses must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessPolicy {
    logs: Vec<VerifierKey>,
    names: BTreeMap<String, Member>,
    quorum: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Member {
    Witness(Box<VerifierKey>),
    Group { needed: usize, members: Vec<String> },
}

/// Why a text is not a policy. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The line can't be understood.
    #[error("line {0} of the policy is not understood")]
    Line(usize),
    /// A key can't be read.
    #[error("line {line} of the policy has a bad key: {source}")]
    Key {
        /// The line.
        line: usize,
        /// What is wrong with the key.
        source: KeyError,
    },
    /// A key or a name stands twice, or one witness counts in two ways.
    #[error("line {0} of the policy repeats something")]
    Twice(usize),
    /// A name is used before it is defined.
    #[error("line {0} of the policy uses a name not yet defined")]
    Unknown(usize),
    /// There must be exactly one quorum line.
    #[error("a policy must have one quorum line")]
    Quorum,
}

impl WitnessPolicy {
    /// The logs whose checkpoints are accepted.
    #[must_use]
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The witnesses by their names in the policy.
    pub fn witnesses(&self) -> impl Iterator<Item = (&str, &VerifierKey)> {
        self.names.iter().filter_map(|(name, member)| match member {
            Member::Witness(key) => Some((name.as_str(), &**key)),
            Member::Group { .. } => None,
        })
    }

    /// Whether any witness is needed at all.
    #[must_use]
    pub const fn needs_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Checks that one of the logs signed the checkpoint. Says nothing about witnesses.
    ///
    /// # Errors
    ///
    /// If none of them did.
    pub fn verify_log<'a>(
        &self,
        checkpoint: &'a SignedCheckpoint,
    ) -> Result<&'a Checkpoint, CheckpointError> {
        let log = self.logs.iter().find(|log| *log.name() == checkpoint.claimed().origin);
        checkpoint.verify(log.ok_or(CheckpointError::Origin)?)
    }

    /// The names of the witnesses that validly cosigned the checkpoint, each with the time it gave.
    #[must_use]
    pub fn witnessed_by(&self, checkpoint: &SignedCheckpoint) -> BTreeMap<String, u64> {
        let witness =
            |(name, key): (&str, &VerifierKey)| Some((name.to_owned(), checkpoint.cosignature(key)?.time));
        self.witnesses().filter_map(witness).collect()
    }

    /// Whether enough witnesses cosigned the checkpoint. True if the policy needs none.
    #[must_use]
    pub fn has_quorum(&self, checkpoint: &SignedCheckpoint) -> bool {
        self.suffices(&self.witnessed_by(checkpoint).into_keys().collect::<Vec<_>>())
    }

    /// Whether the witnesses of these names would be enough.
    #[must_use]
    pub fn suffices(&self, present: &[String]) -> bool {
        // A name can only use names defined before it, so this ends.
        self.quorum.as_ref().is_none_or(|quorum| self.is_present(quorum, present))
    }

    fn is_present(&self, name: &str, present: &[String]) -> bool {
        match self.names.get(name) {
            Some(Member::Witness(_)) => present.iter().any(|other| other == name),
            Some(Member::Group { needed, members }) => {
                members.iter().filter(|member| self.is_present(member, present)).count() >= *needed
            }
            None => false,
        }
    }

    fn has_key(&self, key: &VerifierKey) -> bool {
        let same = |other: &VerifierKey| other.key_bytes() == key.key_bytes();
        self.logs.iter().any(same) || self.witnesses().any(|(_, other)| same(other))
    }

    fn define(&mut self, line: usize, name: &str, member: Member) -> Result<(), PolicyError> {
        if name == "none" || self.names.insert(name.to_owned(), member).is_some() {
            return Err(PolicyError::Twice(line));
        }
        Ok(())
    }

    fn key(&self, line: usize, text: &str, kind: KeyKind) -> Result<VerifierKey, PolicyError> {
        let key: VerifierKey = text.parse().map_err(|source| PolicyError::Key { line, source })?;
        if key.kind() != kind {
            return Err(PolicyError::Key { line, source: KeyError::Kind });
        }
        if self.has_key(&key) { Err(PolicyError::Twice(line)) } else { Ok(key) }
    }

    fn group(
        &self,
        line: usize,
        rule: &str,
        members: &[&str],
        used: &mut Vec<String>,
    ) -> Result<Member, PolicyError> {
        for member in members {
            if !self.names.contains_key(*member) {
                return Err(PolicyError::Unknown(line));
            }
            if used.iter().any(|other| other == member) {
                return Err(PolicyError::Twice(line));
            }
            used.push((*member).to_owned());
        }
        let needed = match rule {
            "all" => members.len(),
            "any" => 1,
            number => number.parse().map_err(|_| PolicyError::Line(line))?,
        };
        if needed == 0 || needed > members.len() {
            return Err(PolicyError::Line(line));
        }
        Ok(Member::Group { needed, members: members.iter().map(|member| (*member).to_owned()).collect() })
    }
}

impl FromStr for WitnessPolicy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self { logs: Vec::new(), names: BTreeMap::new(), quorum: None };
        let (mut used, mut has_quorum) = (Vec::new(), false);
        for (n, line) in text.split('\n').enumerate() {
            let n = n + 1;
            if line.chars().any(|c| c.is_ascii_control() && c != '\t') {
                return Err(PolicyError::Line(n));
            }
            let words: Vec<_> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            match words.as_slice() {
                [] => {}
                [comment, ..] if comment.starts_with('#') => {}
                ["log", key] | ["log", key, _] => {
                    let key = policy.key(n, key, KeyKind::Log)?;
                    policy.logs.push(key);
                }
                ["witness", name, key] | ["witness", name, key, _] => {
                    let key = policy.key(n, key, KeyKind::Witness)?;
                    policy.define(n, name, Member::Witness(Box::new(key)))?;
                }
                ["group", name, rule, members @ ..] => {
                    let group = policy.group(n, rule, members, &mut used)?;
                    policy.define(n, name, group)?;
                }
                ["quorum", _] if has_quorum => return Err(PolicyError::Quorum),
                ["quorum", "none"] => has_quorum = true,
                ["quorum", name] if policy.names.contains_key(*name) => {
                    policy.quorum = Some((*name).to_owned());
                    has_quorum = true;
                }
                ["quorum", _] => return Err(PolicyError::Unknown(n)),
                _ => return Err(PolicyError::Line(n)),
            }
        }
        if has_quorum { Ok(policy) } else { Err(PolicyError::Quorum) }
    }
}
