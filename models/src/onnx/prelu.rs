//! Takes PReLU out of a graph: it keeps ONNX Runtime off its channel-blocked convolutions.

use super::{
    OnnxError,
    graph::{Model, Node},
    tensor::{Data, Floats, Tensor},
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::wire::Message, *};

    const SLOPES: [f32; 3] = [0.25, -0.5, 1.125];
    const WEIGHTS: [f32; 6] = [1.0, -2.0, 3.0, 0.5, 4.0, -1.0];

    fn node(operator: &str, inputs: &[&str], output: &str, group: Option<u64>) -> Message {
        let mut node = Message::default();
        inputs.iter().for_each(|input| node.push_bytes(1, *input));
        node.push_bytes(2, output);
        node.push_bytes(4, operator);
        if let Some(group) = group {
            let mut attribute = Message::default();
            attribute.push_bytes(1, "group");
            attribute.push_integer(3, group);
            node.push_bytes(5, attribute.encode());
        }
        node
    }

    /// A PReLU over three channels, and what reads it.
    fn graph(slope: [f32; 3], readers: &[Message], shape: [usize; 4]) -> Model {
        let mut graph = Message::default();
        graph.push_bytes(1, node("PRelu", &["x", "slope"], "bent", None).encode());
        readers.iter().for_each(|reader| graph.push_bytes(1, reader.encode()));
        graph.push_bytes(5, Tensor::write_floats("slope", &[3, 1, 1], &slope).encode());
        let count = shape.iter().product();
        let weights = WEIGHTS.get(..count).unwrap();
        graph.push_bytes(5, Tensor::write_floats("weights", &shape, weights).encode());
        let mut shell = Message::default();
        shell.push_bytes(7, graph.encode());
        let mut model = Model::parse(&shell.encode()).unwrap();
        replace_prelu(&mut model).unwrap();
        model
    }

    fn operators(model: &Model) -> Vec<&str> {
        model.nodes.iter().map(|node| node.operator.as_str()).collect()
    }

    fn constant_of(model: &Model, name: &str) -> Vec<f32> {
        floats(model, name).unwrap().unwrap().1
    }

    proptest! {
        /// What the convolution gives of three channels is the same before and after.
        #[test]
        fn a_convolution_takes_the_factor_over(x in proptest::array::uniform3(-9f32..9.0)) {
            let conv = node("Conv", &["bent", "weights"], "y", None);
            let model = graph(SLOPES, &[conv], [2, 3, 1, 1]);
            prop_assert_eq!(operators(&model), ["Mul", "Relu", "Add", "Conv"]);
            let (ratio, weights) = (constant_of(&model, "bent_ratio"), constant_of(&model, "weights"));
            for (before, after) in WEIGHTS.chunks(3).zip(weights.chunks(3)) {
                let prelu = x.iter().zip(SLOPES).map(|(x, a)| if *x < 0.0 { a * x } else { *x });
                let expected: f32 = before.iter().zip(prelu).map(|(weight, value)| weight * value).sum();
                let sums = x.iter().zip(&ratio).map(|(x, ratio)| ratio * x + x.max(0.0));
                let given: f32 = after.iter().zip(sums).map(|(weight, value)| weight * value).sum();
                prop_assert!((expected - given).abs() < 1e-3, "{} for {}", given, expected);
            }
        }
    }

    #[test]
    fn in_a_convolution_of_each_channel_apart_a_channel_is_an_output() {
        let conv = node("Conv", &["bent", "weights"], "y", Some(3));
        let model = graph(SLOPES, &[conv], [3, 1, 1, 2]);
        let factors = SLOPES.iter().flat_map(|a| [1.0 - a; 2]);
        let expected: Vec<f32> =
            WEIGHTS.iter().zip(factors).map(|(weight, factor)| weight * factor).collect();
        assert_eq!(constant_of(&model, "weights"), expected);
    }

    #[test]
    fn nothing_is_taken_over_where_somebody_else_would_see_it() {
        let conv = |output| node("Conv", &["bent", "weights"], output, None);
        let spelled = ["Mul", "Relu", "Mul", "Add"];
        let shape = [2, 3, 1, 1];
        let cases = [
            ("a second reader", SLOPES, vec![conv("y"), node("Abs", &["bent"], "z", None)]),
            ("weights read twice", SLOPES, vec![conv("y"), node("Conv", &["w", "weights"], "z", None)]),
            ("no convolution", SLOPES, vec![node("Abs", &["bent"], "z", None)]),
            ("a slope of one", [0.25, 1.0, 0.5], vec![conv("y")]),
        ];
        for (case, slope, readers) in cases {
            let model = graph(slope, &readers, shape);
            assert_eq!(operators(&model).get(..4), Some(spelled.as_slice()), "{case}");
            assert_eq!(constant_of(&model, "weights"), WEIGHTS, "{case}");
        }
    }
}
