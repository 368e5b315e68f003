//! Takes PReLU out of a graph: it keeps ONNX Runtime off its channel-blocked convolutions.

use super::{
    OnnxError,
    graph::{Model, Node},
    tensor::{Data, Tensor},
};

/// A slope nearer to one than this has no usable part of the other shape.
const NEAR_ONE: f32 = 1e-3;

/// Replaces every `PReLU(x, a)` by sums, which are the same function.
///
/// Where one convolution reads the result, by `a/(1−a)·x + ReLU(x)`, and the convolution's weights take over the factor
/// `1−a`: two passes over the numbers instead of three. Elsewhere by `a·x + (1−a)·ReLU(x)`.
pub(crate) fn replace_prelu(model: &mut Model) -> Result<(), OnnxError> {
    let nodes = std::mem::take(&mut model.nodes);
    for node in &nodes {
        if node.operator != "PRelu" {
            model.nodes.push(node.clone());
            continue;
        }
        let Some(slope) = floats(model, node.input(1))? else {
            return Err(OnnxError::Node {
                node: node.output().to_owned(),
                operator: "PRelu",
                why: "its slope is not a constant float",
            });
        };
        match Taker::of(model, &nodes, node, &slope.1)? {
            Some(taker) => taker.take_over(model, node, &slope),
            None => spell_out(model, node, &slope),
        }
    }
    Ok(())
}

type Floats = (Vec<usize>, Vec<f32>);

fn floats(model: &Model, name: &str) -> Result<Option<Floats>, OnnxError> {
    Ok(model.constant(name)?.and_then(|tensor| match tensor.data {
        Data::Float(values) => Some((tensor.dims, values)),
        Data::Int8(_) | Data::Uint8(_) | Data::Int64(_) => None,
    }))
}

/// `a·x + (1−a)·ReLU(x)`.
fn spell_out(model: &mut Model, node: &Node, (dims, slope): &Floats) {
    let out = node.output();
    let [rest, scaled, positive, bent] =
        ["rest", "scaled", "positive", "bent"].map(|part| format!("{out}_{part}"));
    constant(model, &rest, dims, slope.iter().map(|a| 1.0 - a));
    model.nodes.push(Node::new("Mul", &[node.input(0), node.input(1)], &scaled));
    model.nodes.push(Node::new("Relu", &[node.input(0)], &positive));
    model.nodes.push(Node::new("Mul", &[&positive, &rest], &bent));
    model.nodes.push(Node::new("Add", &[&scaled, &bent], out));
}

fn constant(model: &mut Model, name: &str, dims: &[usize], values: impl Iterator<Item = f32>) {
    let values: Vec<f32> = values.collect();
    model.constants.insert(name.to_owned(), Tensor::write_floats(name, dims, &values));
}

/// The weights of the one convolution that reads a PReLU, and how its channels lie in them.
struct Taker {
    name: String,
    weights: Floats,
    /// How many weights lie together that belong to one channel.
    together: usize,
}

impl Taker {
    /// None if what reads the PReLU cannot take over a factor for each of its channels.
    fn of(model: &Model, nodes: &[Node], prelu: &Node, slope: &[f32]) -> Result<Option<Self>, OnnxError> {
        if slope.iter().any(|a| (1.0 - a).abs() < NEAR_ONE) || model.gives(prelu.output()) {
            return Ok(None);
        }
        let read_by = |name: &str| -> Vec<&Node> {
            nodes.iter().filter(|node| node.inputs.iter().any(|input| input == name)).collect()
        };
        let [conv] = read_by(prelu.output())[..] else { return Ok(None) };
        if conv.operator != "Conv" || conv.input(0) != prelu.output() || read_by(conv.input(1)).len() != 1 {
            return Ok(None);
        }
        let Some(weights) = floats(model, conv.input(1))? else { return Ok(None) };
        let channels = slope.len();
        let groups = conv.integer("group")?.unwrap_or(1);
        // Weights are outputs × inputs of a group × height × width.
        let together = match *weights.0.as_slice() {
            [_, inputs, height, width] if groups == 1 && inputs == channels => Some(height * width),
            [outputs, 1, height, width] if u64::try_from(groups) == Ok(channels as u64) => {
                (outputs == channels).then_some(height * width)
            }
            _ => None,
        };
        Ok(together.filter(|together| *together > 0).map(|together| Self {
            name: conv.input(1).to_owned(),
            weights,
            together,
        }))
    }

    /// `a/(1−a)·x + ReLU(x)`, and `1−a` in the weights.
    fn take_over(self, model: &mut Model, node: &Node, (dims, slope): &Floats) {
        let Self { name, weights: (shape, weights), together } = self;
        let rests = slope.iter().flat_map(|a| std::iter::repeat_n(1.0 - a, together)).cycle();
        constant(model, &name, &shape, weights.iter().zip(rests).map(|(weight, rest)| weight * rest));
        let out = node.output();
        let [ratio, scaled, positive] = ["ratio", "scaled", "positive"].map(|part| format!("{out}_{part}"));
        constant(model, &ratio, dims, slope.iter().map(|a| a / (1.0 - a)));
        model.nodes.push(Node::new("Mul", &[node.input(0), &ratio], &scaled));
        model.nodes.push(Node::new("Relu", &[node.input(0)], &positive));
        model.nodes.push(Node::new("Add", &[&scaled, &positive], out));
    }
}
