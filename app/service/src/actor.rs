//! Who does something.

use std::collections::BTreeSet;

use api::ids::UserId;
use api::{ProblemCode, Right, Role};
use jiff::Timestamp;

use crate::{Error, Result};

/// Who does something, and what they may do.
#[derive(Clone)]
pub struct Actor {
    /// The account.
    pub user: UserId,
    /// The account's name.
    pub account: String,
    /// The person's own name.
    pub name: String,
    /// The offices held.
    pub roles: Vec<Role>,
    /// The union of the offices' rights.
    pub rights: BTreeSet<Right>,
    /// The purpose stated for the current task.
    pub purpose: Option<String>,
    /// The session, when there is one.
    pub session: Option<SessionFacts>,
}

/// What an actor's session says.
#[derive(Clone)]
pub struct SessionFacts {
    /// SHA-256 of its cookie.
    pub hash: [u8; 32],
    /// The token that goes with every change.
    pub csrf: String,
    /// When the user was last here before it.
    pub since: Option<Timestamp>,
    /// When it ends unless it is used before.
    pub expires: Timestamp,
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actor").field("user", &self.user).field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// The id of whoever works at the machine's console: no account has it.
const CONSOLE: UserId = UserId::from_uuid(uuid::Uuid::nil());

impl Actor {
    /// An account's owner.
    #[must_use]
    pub fn new(user: UserId, account: String, name: String, roles: Vec<Role>) -> Self {
        let rights = rights_of(&roles);
        Self { user, account, name, roles, rights, purpose: None, session: None }
    }

    /// Whoever works at the machine's console: may keep accounts and the machine, and reads no person's record.
    #[must_use]
    pub fn console() -> Self {
        let mut console = Self::new(
            CONSOLE,
            "console".to_owned(),
            String::new(),
            vec![Role::SecurityAdmin, Role::SystemAdmin],
        );
        console.rights.insert(Right::ReadAudit);
        console
    }

    /// The appliance itself, for work nobody asked for.
    #[must_use]
    pub fn appliance() -> Self {
        let mut appliance = Self::new(CONSOLE, "appliance".to_owned(), String::new(), Vec::new());
        appliance.rights.insert(Right::MaintainArchive);
        appliance
    }

    /// The account, unless it is the console or the appliance itself.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        (self.user != CONSOLE).then_some(self.user)
    }

    /// Whether the actor carries a right.
    #[must_use]
    pub fn has(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// Checks a right.
    ///
    /// # Errors
    ///
    /// `not-allowed` when the actor does not carry it.
    pub fn may(&self, right: Right) -> Result<()> {
        if self.has(right) { Ok(()) } else { Err(not_allowed(right)) }
    }

    /// Checks that at least one of several rights is carried.
    ///
    /// # Errors
    ///
    /// `not-allowed`, naming the first, when none is.
    pub fn may_any(&self, rights: &[Right]) -> Result<()> {
        match rights.first() {
            Some(first) if !rights.iter().any(|right| self.has(*right)) => Err(not_allowed(*first)),
            _ => Ok(()),
        }
    }

    /// The purpose for which records are read.
    ///
    /// # Errors
    ///
    /// `purpose-required` when none was stated.
    pub fn purpose(&self) -> Result<&str> {
        self.purpose.as_deref().ok_or_else(|| Error::refused(ProblemCode::PurposeRequired, []))
    }
}

/// The union of the rights of `roles`.
fn rights_of(roles: &[Role]) -> BTreeSet<Right> {
    roles.iter().flat_map(|role| role.rights()).copied().collect()
}

fn not_allowed(right: Right) -> Error {
    Error::refused(ProblemCode::NotAllowed, [("right", crate::word(&right))])
}
