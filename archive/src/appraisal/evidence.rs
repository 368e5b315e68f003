//! What a check is given to look at besides the objects themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use ed25519_dalek::VerifyingKey;
use jiff::Timestamp;

use super::report::Scope;
use super::scanner::Scanner;
use super::scheme::Scheme;
use crate::db::Store;
use crate::ocfl::{ObjectId, Root};

/// Where everything lies that the items look at.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The archive.
    pub root: &'a Root,
    /// What the archive is thought to hold.
    pub catalog: &'a Store,
    /// Rosters, drills, and what happened.
    pub office: &'a Store,
    /// What examining the ledger gave.
    pub chain: Chain,
    /// The key that signs receipts.
    pub school: Option<VerifyingKey>,
    /// The virus scanner, if one is installed.
    pub scanner: Option<Scanner>,
    /// What metadata and content are held to.
    pub scheme: &'a Scheme,
    /// The time by which dates are judged.
    pub now: Timestamp,
}

/// A ledger, examined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Leaves that were computed anew.
    pub leaves: u64,
    /// What is not as it should be, in English.
    pub findings: Vec<String>,
}

/// What was read, all objects together.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) scope: Scope,
    /// The folders of the objects, seen from the storage root.
    pub(super) places: Vec<String>,
    pub(super) objects: BTreeSet<ObjectId>,
    pub(super) files: u64,
    pub(super) bytes: u64,
    /// How long the reading of these bytes took, all threads together.
    pub(super) took: Duration,
}
