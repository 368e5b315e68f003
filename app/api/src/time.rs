//! Times and dates as they go over the wire, in a browser.
//!
//! Elsewhere they are jiff's. A browser knows zones, clocks and calendars by itself, so that the web client gets two
//! small types with the same names and the same few functions.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The text is no time, or no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTime;

impl Display for NoTime {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("no time")
    }
}

impl std::error::Error for NoTime {}

/// A moment, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment so many milliseconds after the beginning of 1970, UTC.
    ///
    /// # Errors
    ///
    /// Never; jiff's refuses what lies too far away.
    pub const fn from_millisecond(ms: i64) -> Result<Self, NoTime> {
        Ok(Self(ms))
    }

    /// Milliseconds since the beginning of 1970, UTC.
    #[must_use]
    pub const fn as_millisecond(self) -> i64 {
        self.0
    }

    /// The day it is where clocks are so many hours ahead of UTC.
    #[must_use]
    pub fn day(self, ahead: i8) -> Date {
        Date::of((self.0 + i64::from(ahead) * HOUR_MS).div_euclid(DAY_MS))
    }
}

/// `2026-07-01T06:03:00.5Z`: only UTC, which is what the server says.
impl FromStr for Timestamp {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        let (date, time) = text.strip_suffix('Z').and_then(|text| text.split_once('T')).ok_or(NoTime)?;
        let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
        let mut parts = clock.split(':').map(|part| part.parse::<u32>().map_err(|_| NoTime));
        let mut part = || parts.next().ok_or(NoTime)?;
        let seconds = (part()? * 60 + part()?) * 60 + part()?;
        let ms: String = fraction.chars().chain("000".chars()).take(3).collect();
        let ms: u32 = ms.parse().map_err(|_| NoTime)?;
        Ok(Self(date.parse::<Date>()?.days() * DAY_MS + i64::from(seconds * 1000 + ms)))
    }
}

impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (date, ms) = (Date::of(self.0.div_euclid(DAY_MS)), self.0.rem_euclid(DAY_MS));
        let (seconds, ms) = (ms / 1000, ms % 1000);
        write!(f, "{date}T{:02}:{:02}:{:02}.{ms:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i16,
    month: u8,
    day: u8,
}

impl Default for Date {
    fn default() -> Self {
        Self { year: 0, month: 1, day: 1 }
    }
}

impl Date {
    /// Days since the beginning of 1970, by counting years from March on, so that leap days come last.
    fn days(self) -> i64 {
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        let year = if month > 2 { year } else { year - 1 };
        let from_march = (month + 9) % 12;
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * from_march + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "months and days are small")]
    fn of(days: i64) -> Self {
        let days = days + 719_468;
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let (month, day) = ((from_march + 2) % 12 + 1, of_year - (153 * from_march + 2) / 5 + 1);
        let year = year_of_era + days.div_euclid(146_097) * 400 + i64::from(month <= 2);
        Self { year: year as i16, month: month as u8, day: day as u8 }
    }
}

/// `2026-07-01`
impl FromStr for Date {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        let mut parts = text.split('-');
        let mut part = || parts.next().and_then(|part| part.parse::<u16>().ok()).ok_or(NoTime);
        let (year, month, day) = (part()?, part()?, part()?);
        let date = Self {
            year: i16::try_from(year).map_err(|_| NoTime)?,
            month: u8::try_from(month).map_err(|_| NoTime)?,
            day: u8::try_from(day).map_err(|_| NoTime)?,
        };
        // The 31st of June would come back as the 1st of July.
        if (1..=12).contains(&date.month) && Self::of(date.days()) == date { Ok(date) } else { Err(NoTime) }
    }
}

impl Display for Date {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

macro_rules! as_text {
    ($($kind:ty),*) => {$(
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.to_string())
            }
        }

        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_text!(Timestamp, Date);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_is_the_one_that_jiff_says() {
        let mut day = jiff::civil::date(1800, 1, 1);
        for _ in 0..146_097 {
            let ours: Date = day.to_string().parse().unwrap();
            assert_eq!(ours.to_string(), day.to_string());
            assert_eq!(Date::of(ours.days()), ours);
            let days = day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second() / 86_400;
            assert_eq!(ours.days(), days);
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn moments_are_read_as_jiff_writes_them() {
        for ms in [0_i64, 1, 999, -1, 1_795_000_000_123, -62_000_000_000_000, 253_402_207_200_000] {
            let theirs = jiff::Timestamp::from_millisecond(ms).unwrap();
            let ours: Timestamp = theirs.to_string().parse().unwrap();
            assert_eq!(ours.as_millisecond(), ms, "{theirs}");
            assert_eq!(ours.to_string().parse::<jiff::Timestamp>().unwrap(), theirs);
        }
    }

    #[test]
    fn the_day_at_the_school_is_the_one_that_jiff_says() {
        for ms in [0_i64, 57_599_999, 57_600_000, -1, 1_795_795_200_000, 1_795_795_199_999] {
            let theirs = crate::school::day(jiff::Timestamp::from_millisecond(ms).unwrap());
            assert_eq!(Timestamp(ms).day(crate::school::AHEAD).to_string(), theirs.to_string(), "{ms}");
        }
        let midnight: Timestamp = "2026-11-27T16:00:00Z".parse().unwrap();
        assert_eq!(midnight.day(crate::school::AHEAD).to_string(), "2026-11-28");
    }

    #[test]
    fn what_is_no_day_and_no_moment_is_refused() {
        for text in ["2026-02-29", "2026-13-01", "2026-06-31", "2026-00-10", "20260701", ""] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        for text in ["2026-07-01", "2026-07-01T00:00:00", "2026-07-01T00:00Z", "x"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
