//! The rewrites. Each leaves what the graph computes as it is.

use super::{
    OnnxError,
    graph::{Model, Node},
    tensor::{Data, Floats, Tensor},
    wire::Message,
};

/// Replaces every block-quantised weight by its 32-bit value and drops the nodes that computed it,
/// then every constant and input that nobody reads.
pub(crate) fn fold(model: &mut Model) -> Result<(), OnnxError> {
    let mut kept = Vec::new();
    for node in std::mem::take(&mut model.nodes) {
        let folded = match node.operator.as_str() {
            "DequantizeLinear" => dequantised(model, &node)?,
            "Reshape" => reshaped(model, &node)?,
            _ => None,
        };
        match folded {
            Some((dims, values)) => {
                let name = node.output();
                model.constants.insert(name.to_owned(), Tensor::write_floats(name, &dims, &values));
            }
            None => kept.push(node),
        }
    }
    model.nodes = kept;
    model.drop_unused();
    Ok(())
}

/// The value of a `DequantizeLinear` of constants: `(q − zero_point) · scale`, scale and zero point per block along
/// `axis` (ONNX operator set 21).
fn dequantised(model: &Model, node: &Node) -> Result<Option<Floats>, OnnxError> {
    let fail = |why| OnnxError::Node { node: node.output().to_owned(), operator: "DequantizeLinear", why };
    let (Some(quantised), Some(scale)) = (model.constant(node.input(0))?, model.constant(node.input(1))?)
    else {
        return Ok(None);
    };
    let zero = model.constant(node.input(2))?;
    let Data::Float(scales) = &scale.data else { return Err(fail("its scale is not a float")) };
    let values = integers(&quantised).ok_or_else(|| fail("its input is not an 8-bit integer"))?;
    let zeros = match &zero {
        None if node.input(2).is_empty() => vec![0; scales.len()],
        None => return Err(fail("its zero point is not a constant")),
        Some(zero) => integers(zero).ok_or_else(|| fail("its zero point is not an 8-bit integer"))?,
    };
    if zeros.len() != scales.len() {
        return Err(fail("its scale and zero point differ in size"));
    }
    let place = Scales::of(node, &quantised.dims, scales.len())?
        .ok_or_else(|| fail("its scale does not fit its input"))?;
    let folded = values.iter().enumerate().map(|(n, q)| {
        let place = place.index(n);
        let (scale, zero) = (scales.get(place)?, zeros.get(place)?);
        // Both are 8-bit integers, so the difference is exact in f32.
        Some(f32::from(q - zero) * scale)
    });
    let folded =
        folded.collect::<Option<Vec<_>>>().ok_or_else(|| fail("its scale does not fit its input"))?;
    Ok(Some((quantised.dims, folded)))
}

fn integers(tensor: &Tensor) -> Option<Vec<i16>> {
    match &tensor.data {
        Data::Int8(values) => Some(values.iter().copied().map(i16::from).collect()),
        Data::Uint8(values) => Some(values.iter().copied().map(i16::from).collect()),
        Data::Float(_) | Data::Int64(_) => None,
    }
}

/// Which scale belongs to which element.
enum Scales {
    /// One for all.
    Whole,
    /// One for each slice along an axis.
    Slices { along: usize, inner: usize },
    /// One for every `block` elements along an axis.
    Blocks { along: usize, inner: usize, block: usize },
}

impl Scales {
    /// None if `count` is not the number of scales these dimensions need.
    fn of(node: &Node, dims: &[usize], count: usize) -> Result<Option<Self>, OnnxError> {
        if count == 1 {
            return Ok(Some(Self::Whole));
        }
        let axis = node.integer("axis")?.unwrap_or(1);
        let axis = if axis < 0 { axis.saturating_add_unsigned(dims.len() as u64) } else { axis };
        let Ok(axis) = usize::try_from(axis) else { return Ok(None) };
        let Some((before, [along, after @ ..])) = dims.split_at_checked(axis) else { return Ok(None) };
        let (outer, along, inner) =
            (before.iter().product::<usize>(), *along, after.iter().product::<usize>());
        let block = node.integer("block_size")?.and_then(|block| usize::try_from(block).ok()).unwrap_or(0);
        Ok(if block == 0 {
            (count == along).then_some(Self::Slices { along, inner })
        } else {
            (count == outer * along.div_ceil(block) * inner).then_some(Self::Blocks { along, inner, block })
        })
    }

    /// The index of the scale of element `n`. Only called when there are elements, so nothing here is zero.
    fn index(&self, n: usize) -> usize {
        match *self {
            Self::Whole => 0,
            Self::Slices { along, inner } => n / inner % along,
            Self::Blocks { along, inner, block } => {
                let (outer, row) = (n / (along * inner), n / inner % along);
                (outer * along.div_ceil(block) + row / block) * inner + n % inner
            }
        }
    }
}

/// The value of a `Reshape` of constant floats.
fn reshaped(model: &Model, node: &Node) -> Result<Option<Floats>, OnnxError> {
    let (Some(tensor), Some(shape)) = (model.constant(node.input(0))?, model.constant(node.input(1))?) else {
        return Ok(None);
    };
    let (Data::Float(values), Data::Int64(shape)) = (tensor.data, &shape.data) else { return Ok(None) };
    let dims: Option<Vec<usize>> = shape.iter().map(|dim| usize::try_from(*dim).ok()).collect();
    match dims {
        Some(dims) if dims.iter().product::<usize>() == values.len() => Ok(Some((dims, values))),
        _ => Err(OnnxError::Node {
            node: node.output().to_owned(),
            operator: "Reshape",
            why: "its shape is not the size of its input",
        }),
    }
}

const TYPE: u64 = 2;
const TENSOR_TYPE: u64 = 1;
const SHAPE: u64 = 2;
const DIM: u64 = 1;
const DIM_PARAM: u64 = 2;

/// Lets height and width of a `1 × 3 × H × W` input vary, and with them the rows of every output.
pub(crate) fn free_height_and_width(model: &mut Model) -> Result<(), OnnxError> {
    for input in &mut model.inputs {
        rename_dims(input, &[None, None, Some("height"), Some("width")])?;
    }
    for output in &mut model.outputs {
        let rows = format!("rows_{}", super::graph::value_name(output));
        rename_dims(output, &[None, Some(&rows), None])?;
    }
    Ok(())
}

/// Lets the first dimension of every input and output vary under one name: how many are looked at at once.
pub(crate) fn free_batch(model: &mut Model) -> Result<(), OnnxError> {
    for value in model.inputs.iter_mut().chain(&mut model.outputs) {
        rename_dims(value, &[Some("batch")])?;
    }
    Ok(())
}

/// Gives the dimensions of a value names instead of sizes, where there is a name.
fn rename_dims(value: &mut Message, names: &[Option<&str>]) -> Result<(), OnnxError> {
    let part = |message: &Message, number| Message::parse(message.bytes(number).ok_or(OnnxError::Malformed)?);
    let mut kind = part(value, TYPE)?;
    let mut tensor = part(&kind, TENSOR_TYPE)?;
    let shape = part(&tensor, SHAPE)?;
    let mut renamed = Message::default();
    for (n, dim) in shape.all(DIM).enumerate() {
        let mut named = Message::default();
        match names.get(n).copied().flatten() {
            Some(name) => {
                named.push_bytes(DIM_PARAM, name);
                renamed.push_bytes(DIM, named.encode());
            }
            None => renamed.push_bytes(DIM, dim),
        }
    }
    tensor.set_bytes(SHAPE, renamed.encode());
    kind.set_bytes(TENSOR_TYPE, tensor.encode());
    value.set_bytes(TYPE, kind.encode());
    Ok(())
}
