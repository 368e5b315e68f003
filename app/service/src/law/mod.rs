//! The law about faces: nobody's is compared without a ground, and whoever has none is checked by hand.
//!
//! - A campaign compares faces once a notice is published ([`notice`]), an impact assessment of it is signed
//!   ([`assessment`]) and somebody has opened it ([`opening`]); a person's face is compared while their own separate
//!   consent stands ([`consent`]). [`gate`] is the one place that says whether all of this is so.
//! - Closing a campaign destroys its key ([`key`]) and whatever of faces was kept under it: probes that wait, and what a long
//!   job has seen so far ([`journal`]).
//! - Whoever may not or will not be compared is checked by a person ([`hand_check`]).

pub mod assessment;
pub mod consent;
pub mod count;
pub mod gate;
pub mod ground;
pub mod hand_check;
pub mod notice;
pub mod opening;

mod guardian;
pub(crate) mod journal;
pub(crate) mod key;

#[cfg(test)]
pub(crate) mod tests;

use api::Flaw;

use crate::{Error, Result};

/// A longer text that a person wrote, without white space around it and with one kind of line end.
///
/// # Errors
///
/// `bad-field` when it has fewer than 2 or more than `most` characters.
fn written(field: &str, text: &str, most: usize) -> Result<String> {
    let text = text.trim().replace("\r\n", "\n");
    match text.chars().count() {
        length if (2..=most).contains(&length) => Ok(text),
        _ => Err(Error::bad_field(field, Flaw::Length { min: 2, max: most })),
    }
}
