//! Numbers that must be unique, in one spelling each.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::{Column, table::Row};
use crate::person::fold;

/// The normal spelling of a number: half width, upper case, no white space.
pub(super) fn normal_number(text: &str) -> String {
    fold(text).as_str().to_ascii_uppercase()
}

/// Where each number of a table stands first.
#[derive(Default)]
pub(super) struct Keys {
    /// By the first half of the digest of column and number: less memory than the numbers themselves.
    first: HashMap<[u8; 16], (Option<String>, u32)>,
}

impl Keys {
    /// Claims a number for a row. Gives the earlier place if another row has it already.
    pub(super) fn claim(&mut self, column: Column, number: &str, row: &Row) -> Option<(Option<String>, u32)> {
        let digest: [u8; 32] = Sha256::digest(format!("{}\0{number}", column.code())).into();
        let key: [u8; 16] = std::array::from_fn(|place| digest.get(place).copied().unwrap_or_default());
        if let Some(first) = self.first.get(&key) {
            return Some(first.clone());
        }
        self.first.insert(key, (row.sheet.clone(), row.number));
        None
    }
}
