//! Constant tensors. Field numbers are those of `TensorProto` in ONNX's public `onnx.proto`.

use super::{OnnxError, wire::Message};

const DIMS: u64 = 1;
const DATA_TYPE: u64 = 2;
const FLOAT_DATA: u64 = 4;
const INT32_DATA: u64 = 5;
const INT64_DATA: u64 = 7;
const NAME: u64 = 8;
const RAW_DATA: u64 = 9;

/// A constant of one of the types the rewrites look into.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) dims: Vec<usize>,
    pub(crate) data: Data,
}

/// The elements of a tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Float(Vec<f32>),
    Int8(Vec<i8>),
    Uint8(Vec<u8>),
    Int64(Vec<i64>),
}

/// The dimensions and the elements of a float tensor.
pub(crate) type Floats = (Vec<usize>, Vec<f32>);

impl Tensor {
    /// Reads a `TensorProto`. None if its type is not one of [`Data`].
    pub(crate) fn read(message: &Message) -> Result<Option<Self>, OnnxError> {
        let dims = message
            .integers(DIMS)?
            .into_iter()
            .map(|dim| usize::try_from(dim).map_err(|_| OnnxError::Malformed))
            .collect::<Result<Vec<_>, _>>()?;
        let raw = message.bytes(RAW_DATA);
        let data = match message.integers(DATA_TYPE)?.first() {
            Some(1) => Data::Float(words(raw.or(message.bytes(FLOAT_DATA)), f32::from_le_bytes)?),
            Some(2) => Data::Uint8(match raw {
                Some(raw) => raw.to_vec(),
                None => message.integers(INT32_DATA)?.into_iter().map(|n| n.to_le_bytes()[0]).collect(),
            }),
            Some(3) => Data::Int8(match raw {
                Some(raw) => raw.iter().map(|byte| i8::from_le_bytes([*byte])).collect(),
                None => {
                    let ints = message.integers(INT32_DATA)?;
                    ints.into_iter().map(|n| i8::from_le_bytes([n.to_le_bytes()[0]])).collect()
                }
            }),
            Some(7) => Data::Int64(match raw {
                Some(raw) => words(Some(raw), i64::from_le_bytes)?,
                None => message.integers(INT64_DATA)?.into_iter().map(u64::cast_signed).collect(),
            }),
            _ => return Ok(None),
        };
        let tensor = Self { dims, data };
        if tensor.len() == tensor.dims.iter().product::<usize>() {
            Ok(Some(tensor))
        } else {
            Err(OnnxError::Malformed)
        }
    }

    /// Writes a float tensor as a `TensorProto`. Other types are never made by a rewrite.
    pub(crate) fn write_floats(name: &str, dims: &[usize], values: &[f32]) -> Message {
        let mut message = Message::default();
        for dim in dims {
            message.push_integer(DIMS, *dim as u64);
        }
        message.push_integer(DATA_TYPE, 1);
        message.push_bytes(NAME, name);
        message.push_bytes(RAW_DATA, values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
        message
    }

    /// The name in a `TensorProto`.
    pub(crate) fn name(message: &Message) -> String {
        message.text(NAME)
    }

    fn len(&self) -> usize {
        match &self.data {
            Data::Float(values) => values.len(),
            Data::Int8(values) => values.len(),
            Data::Uint8(values) => values.len(),
            Data::Int64(values) => values.len(),
        }
    }
}

fn words<const N: usize, T>(bytes: Option<&[u8]>, read: fn([u8; N]) -> T) -> Result<Vec<T>, OnnxError> {
    let (words, rest) = bytes.unwrap_or_default().as_chunks::<N>();
    if rest.is_empty() {
        Ok(words.iter().map(|word| read(*word)).collect())
    } else {
        Err(OnnxError::Malformed)
    }
}
