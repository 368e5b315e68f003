//! The number of a resident identity card (GB 11643): 17 digits and a check character.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Weights of the 17 digits in the check sum (GB 11643, ISO 7064 MOD 11-2).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// The check character for each remainder modulo 11.
const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

/// A person's sex as the register writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// 男, code 1.
    Male,
    /// 女, code 2.
    Female,
}

impl Sex {
    /// Reads 男, 女, 男性, 女性 or the codes 1 and 2 (GB/T 2261.1).
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text.trim() {
            "男" | "男性" | "1" | "01" => Some(Self::Male),
            "女" | "女性" | "2" | "02" => Some(Self::Female),
            _ => None,
        }
    }

    /// The one character the register uses.
    #[must_use]
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Male => "男",
            Self::Female => "女",
        }
    }
}

/// A well-formed resident identity number: 18 characters, a real date, a right check character.
///
/// `{:?}` shows nothing of it; use [`as_str`](Self::as_str) where the number itself is wanted.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdNumber {
    text: String,
    birth_date: Date,
    sex: Sex,
}

/// Why a text is not a resident identity number. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdNumberError {
    /// Not 18 characters long.
    #[error("an identity number has 18 characters, this has {0}")]
    Length(usize),
    /// A character that can't stand there.
    #[error("character {0} of the identity number can't stand there")]
    Character(usize),
    /// Characters 7–14 are no date.
    #[error("the birth date inside the identity number does not exist")]
    BirthDate,
    /// The last character does not fit the others: one of them is wrong, or two are swapped.
    #[error("the last character of the identity number does not fit the others")]
    CheckCharacter,
}

impl IdNumberError {
    /// A stable name for this error, for wording it elsewhere.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length(_) => "id-number-length",
            Self::Character(_) => "id-number-character",
            Self::BirthDate => "id-number-birth-date",
            Self::CheckCharacter => "id-number-check",
        }
    }
}

impl IdNumber {
    /// The number itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The birth date written into the number.
    #[must_use]
    pub const fn birth_date(&self) -> Date {
        self.birth_date
    }

    /// The sex written into the number: an odd 17th digit is male.
    #[must_use]
    pub const fn sex(&self) -> Sex {
        self.sex
    }

    /// The number with only its first two and last two characters shown.
    #[must_use]
    pub fn masked(&self) -> String {
        super::mask_id_number(&self.text)
    }
}

impl FromStr for IdNumber {
    type Err = IdNumberError;

    /// Reads a number; full-width digits and a small `x` are understood.
    fn from_str(text: &str) -> Result<Self, IdNumberError> {
        let text: String = text.trim().chars().map(half_width_upper).collect();
        let length = text.chars().count();
        if length != 18 {
            return Err(IdNumberError::Length(length));
        }
        let digits = digits_of(&text)?;
        let birth_date = text
            .get(6..14)
            .and_then(|date| Date::strptime("%Y%m%d", date).ok())
            .filter(|date| date.year() >= 1800)
            .ok_or(IdNumberError::BirthDate)?;
        if text.chars().last() != check_character(&digits) {
            return Err(IdNumberError::CheckCharacter);
        }
        let odd = digits.last().is_some_and(|digit| digit % 2 == 1);
        Ok(Self { text, birth_date, sex: if odd { Sex::Male } else { Sex::Female } })
    }
}

/// The first 17 digits, or where the first wrong character stands (counted from 1).
fn digits_of(text: &str) -> Result<Vec<u32>, IdNumberError> {
    for (index, character) in text.chars().enumerate() {
        if !(character.is_ascii_digit() || (index == 17 && character == 'X')) {
            return Err(IdNumberError::Character(index + 1));
        }
    }
    Ok(text.chars().take(17).filter_map(|c| c.to_digit(10)).collect())
}

/// The check character that belongs to 17 digits.
fn check_character(digits: &[u32]) -> Option<char> {
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    CHECKS.get(usize::try_from(sum % 11).ok()?).copied()
}

fn half_width_upper(character: char) -> char {
    match character {
        '０'..='９' | 'Ｘ' | 'ｘ' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(character),
        other => other,
    }
    .to_ascii_uppercase()
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumber(…)")
    }
}

impl Serialize for IdNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for IdNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a number with the right check character from its first 17 digits.
    fn complete(digits: &str) -> String {
        let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
        format!("{digits}{}", check_character(&values).unwrap())
    }

    #[test]
    fn the_example_of_the_standard_is_right() {
        let id: IdNumber = "11010519491231002X".parse().unwrap();
        assert_eq!(id.birth_date(), jiff::civil::date(1949, 12, 31));
        assert_eq!(id.sex(), Sex::Female);
    }

    #[test]
    fn full_width_digits_and_a_small_x_are_understood() {
        assert_eq!(
            "１１０１０５１９４９１２３１００２ｘ".parse::<IdNumber>().unwrap().as_str(),
            "11010519491231002X"
        );
    }

    #[test]
    fn every_single_wrong_digit_is_noticed() {
        let right = complete("53010220040229123");
        for place in 0..17 {
            for digit in '0'..='9' {
                let mut wrong: Vec<char> = right.chars().collect();
                if wrong[place] == digit {
                    continue;
                }
                wrong[place] = digit;
                assert!(wrong.iter().collect::<String>().parse::<IdNumber>().is_err());
            }
        }
    }

    #[test]
    fn each_fault_has_its_own_error() {
        assert_eq!("110105491231002".parse::<IdNumber>(), Err(IdNumberError::Length(15)));
        assert_eq!("1101051949123100X2".parse::<IdNumber>(), Err(IdNumberError::Character(17)));
        assert_eq!(complete("11010520230229002").parse::<IdNumber>(), Err(IdNumberError::BirthDate));
        assert_eq!("110105194912310021".parse::<IdNumber>(), Err(IdNumberError::CheckCharacter));
    }

    #[test]
    fn debug_shows_no_digit() {
        let id: IdNumber = "11010519491231002X".parse().unwrap();
        assert!(!format!("{id:?}").contains(|c: char| c.is_ascii_digit()));
    }
}
