//! The days by which the school dates its papers. What zone a machine or a browser keeps says nothing of them.

use crate::{Date, Timestamp};

/// So many hours the school's clock is ahead of UTC: all of China keeps one time.
pub const AHEAD: i8 = 8;

/// The school's zone.
#[cfg(not(target_family = "wasm"))]
#[must_use]
pub fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::fixed(jiff::tz::offset(AHEAD))
}

/// The day it is at the school.
#[cfg(not(target_family = "wasm"))]
#[must_use]
pub fn day(at: Timestamp) -> Date {
    at.to_zoned(zone()).date()
}

/// The day it is at the school.
#[cfg(target_family = "wasm")]
#[must_use]
pub fn day(at: Timestamp) -> Date {
    at.day(AHEAD)
}
