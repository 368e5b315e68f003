//! Canonical JSON (RFC 8785), for documents without fractions.
//!
//! Signed documents have one encoding only. Numbers are integers that every JSON reader holds exactly
//! (at most 2⁵³ − 1 away from zero); a fraction or a larger number is refused, never rounded.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The largest integer that every JSON reader holds exactly (RFC 7493 §2.2).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why a value has no canonical JSON, or bytes are not canonical JSON of the wanted type.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The bytes are not JSON of the wanted shape, or the value can't be written.
    #[error("not a document of the expected shape")]
    Shape(#[from] serde_json::Error),
    /// A number is a fraction, or too large to be held exactly by every reader.
    #[error("a number is a fraction or too large")]
    Number,
    /// The bytes say the right thing, but not in the one canonical way.
    #[error("not in canonical form")]
    NotCanonical,
}

/// Writes `value` as canonical JSON.
///
/// # Errors
///
/// If it holds a fraction or a number beyond [`MAX_INTEGER`], or can't be written as JSON.
pub fn canonical<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
    let value = serde_json::to_value(value)?;
    let mut out = Vec::new();
    write(&value, &mut out)?;
    Ok(out)
}

/// Reads canonical JSON, and nothing else: unknown fields, spaces, another order, another spelling are all refused.
///
/// # Errors
///
/// If the bytes are not exactly what [`canonical`] writes for the value they stand for.
pub fn from_canonical<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let value: T = serde_json::from_slice(bytes)?;
    if canonical(&value)? == bytes { Ok(value) } else { Err(JsonError::NotCanonical) }
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => serde_json::to_writer(out, value)?,
        Value::Number(number) => {
            let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64()).ok_or(JsonError::Number)?;
            if size > MAX_INTEGER {
                return Err(JsonError::Number);
            }
            out.extend_from_slice(number.to_string().as_bytes());
        }
        Value::Array(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            // RFC 8785 §3.2.3 orders names by their UTF-16 code units.
            fields.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
            out.push(b'{');
            for (n, (name, item)) in fields.into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write(item, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(value: &Value) -> String {
        String::from_utf8(canonical(value).unwrap()).unwrap()
    }

    #[test]
    fn names_are_ordered_by_utf16_as_rfc_8785_shows() {
        // The example of RFC 8785 §3.2.3.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        assert_eq!(
            text(&value),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\
             \"\u{20ac}\":\"Euro Sign\",\"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        );
    }

    #[test]
    fn strings_are_escaped_as_rfc_8785_shows() {
        // The "string" member of the sample in RFC 8785 §3.2.2.
        let value = json!("\u{20ac}$\u{f}\nA'\u{42}\u{22}\u{5c}\\\"/");
        assert_eq!(text(&value), "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
    }

    #[test]
    fn a_fraction_or_a_huge_number_is_refused() {
        assert!(matches!(canonical(&json!(1.5)), Err(JsonError::Number)));
        assert!(matches!(canonical(&json!(MAX_INTEGER + 1)), Err(JsonError::Number)));
        assert_eq!(text(&json!([MAX_INTEGER, -3])), "[9007199254740991,-3]");
    }

    #[test]
    fn only_the_canonical_bytes_are_read() {
        assert_eq!(from_canonical::<Value>(b"{\"a\":1,\"b\":2}").unwrap(), json!({"a": 1, "b": 2}));
        for other in [
            "{\"b\":2,\"a\":1}",
            "{\"a\":1, \"b\":2}",
            "{\"a\":1,\"a\":1,\"b\":2}",
            "{\"\\u0061\":1,\"b\":2}",
        ] {
            assert!(from_canonical::<Value>(other.as_bytes()).is_err(), "{other}");
        }
    }
}
