//! A protobuf message as the list of its fields, in order.
//!
//! Fields this crate doesn't know are kept as they are, so that a rewritten model loses nothing.
//! Encoding: the public protobuf wire format.

use super::OnnxError;

/// A message: its fields in file order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Message(pub(crate) Vec<Field>);

/// A numbered field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) number: u64,
    pub(crate) value: Value,
}

/// A value as it is on the wire.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(Vec<u8>),
    Fixed32([u8; 4]),
}

impl Message {
    /// Parses a message; nested messages stay bytes until somebody looks into them.
    pub(crate) fn parse(mut bytes: &[u8]) -> Result<Self, OnnxError> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = take_varint(&mut bytes)?;
            let value = match key & 7 {
                0 => Value::Varint(take_varint(&mut bytes)?),
                1 => Value::Fixed64(take_array(&mut bytes)?),
                2 => {
                    let len = usize::try_from(take_varint(&mut bytes)?).map_err(|_| OnnxError::Malformed)?;
                    Value::Bytes(take(&mut bytes, len)?.to_vec())
                }
                5 => Value::Fixed32(take_array(&mut bytes)?),
                _ => return Err(OnnxError::Malformed),
            };
            fields.push(Field { number: key >> 3, value });
        }
        Ok(Self(fields))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for Field { number, value } in &self.0 {
            match value {
                Value::Varint(n) => {
                    put_varint(&mut out, number << 3);
                    put_varint(&mut out, *n);
                }
                Value::Fixed64(bytes) => {
                    put_varint(&mut out, number << 3 | 1);
                    out.extend(bytes);
                }
                Value::Bytes(bytes) => {
                    put_varint(&mut out, number << 3 | 2);
                    put_varint(&mut out, bytes.len() as u64);
                    out.extend(bytes);
                }
                Value::Fixed32(bytes) => {
                    put_varint(&mut out, number << 3 | 5);
                    out.extend(bytes);
                }
            }
        }
        out
    }

    /// Every length-delimited value of field `number`.
    pub(crate) fn all(&self, number: u64) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |field| field.number == number).filter_map(|field| match &field.value {
            Value::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        })
    }

    /// The first length-delimited value of field `number`.
    pub(crate) fn bytes(&self, number: u64) -> Option<&[u8]> {
        self.all(number).next()
    }

    /// The first value of field `number` as text; empty if there is none.
    pub(crate) fn text(&self, number: u64) -> String {
        String::from_utf8_lossy(self.bytes(number).unwrap_or_default()).into_owned()
    }

    /// Every integer of field `number`, packed or not.
    pub(crate) fn integers(&self, number: u64) -> Result<Vec<u64>, OnnxError> {
        let mut out = Vec::new();
        for field in self.0.iter().filter(|field| field.number == number) {
            match &field.value {
                Value::Varint(n) => out.push(*n),
                Value::Bytes(bytes) => {
                    let mut rest = bytes.as_slice();
                    while !rest.is_empty() {
                        out.push(take_varint(&mut rest)?);
                    }
                }
                Value::Fixed64(_) | Value::Fixed32(_) => return Err(OnnxError::Malformed),
            }
        }
        Ok(out)
    }

    pub(crate) fn push_bytes(&mut self, number: u64, bytes: impl Into<Vec<u8>>) {
        self.0.push(Field { number, value: Value::Bytes(bytes.into()) });
    }

    pub(crate) fn push_integer(&mut self, number: u64, value: u64) {
        self.0.push(Field { number, value: Value::Varint(value) });
    }

    /// Replaces the first value of field `number`, or adds it.
    pub(crate) fn set_bytes(&mut self, number: u64, bytes: Vec<u8>) {
        match self.0.iter_mut().find(|field| field.number == number) {
            Some(field) => field.value = Value::Bytes(bytes),
            None => self.push_bytes(number, bytes),
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Result<&'a [u8], OnnxError> {
    let (head, tail) = bytes.split_at_checked(len).ok_or(OnnxError::Malformed)?;
    *bytes = tail;
    Ok(head)
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], OnnxError> {
    take(bytes, N)?.try_into().map_err(|_| OnnxError::Malformed)
}

fn take_varint(bytes: &mut &[u8]) -> Result<u64, OnnxError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take_array(bytes)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(OnnxError::Malformed)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_round_trip_with_fields_nobody_knows() {
        let message = Message(vec![
            Field { number: 1, value: Value::Varint(u64::MAX) },
            Field { number: 2000, value: Value::Bytes(vec![1, 2, 3]) },
            Field { number: 3, value: Value::Fixed32([1, 2, 3, 4]) },
            Field { number: 4, value: Value::Fixed64([9; 8]) },
        ]);
        assert_eq!(Message::parse(&message.encode()).unwrap(), message);
    }

    #[test]
    fn a_message_that_ends_too_early_is_malformed() {
        let bytes = Message(vec![Field { number: 2, value: Value::Bytes(vec![0; 300]) }]).encode();
        assert!(matches!(Message::parse(&bytes[..200]), Err(OnnxError::Malformed)));
    }
}
