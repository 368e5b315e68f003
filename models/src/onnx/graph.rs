//! A model file taken apart into what the rewrites touch and what they leave alone.
//! Field numbers are those of `ModelProto`, `GraphProto` and `NodeProto` in ONNX's public `onnx.proto`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    OnnxError,
    tensor::Tensor,
    wire::{Message, Value},
};

const MODEL_GRAPH: u64 = 7;
const GRAPH_NODE: u64 = 1;
const GRAPH_INITIALIZER: u64 = 5;
const GRAPH_INPUT: u64 = 11;
const GRAPH_OUTPUT: u64 = 12;
const GRAPH_VALUE_INFO: u64 = 13;
const VALUE_INFO_NAME: u64 = 1;
const NODE_INPUT: u64 = 1;
const NODE_OUTPUT: u64 = 2;
const NODE_OP_TYPE: u64 = 4;
const NODE_ATTRIBUTE: u64 = 5;
const ATTRIBUTE_NAME: u64 = 1;
const ATTRIBUTE_INTEGER: u64 = 3;

/// A model whose graph can be rewritten.
pub(crate) struct Model {
    /// The model message; its graph field is replaced on encoding.
    shell: Message,
    /// Fields of the graph that are neither nodes, constants, inputs, outputs nor value infos.
    other: Message,
    pub(crate) nodes: Vec<Node>,
    /// Constants by name. The message is what gets written.
    pub(crate) constants: BTreeMap<String, Message>,
    pub(crate) inputs: Vec<Message>,
    pub(crate) outputs: Vec<Message>,
}

/// One node. Its message is the truth; the other fields are read from it.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) operator: String,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    message: Message,
}

impl Model {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, OnnxError> {
        let shell = Message::parse(bytes)?;
        let graph = Message::parse(shell.bytes(MODEL_GRAPH).ok_or(OnnxError::Malformed)?)?;
        let mut model = Self {
            shell,
            other: Message::default(),
            nodes: Vec::new(),
            constants: BTreeMap::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        for field in graph.0 {
            match (field.number, &field.value) {
                (GRAPH_NODE, Value::Bytes(bytes)) => model.nodes.push(Node::read(Message::parse(bytes)?)),
                (GRAPH_INITIALIZER, Value::Bytes(bytes)) => {
                    let tensor = Message::parse(bytes)?;
                    model.constants.insert(Tensor::name(&tensor), tensor);
                }
                (GRAPH_INPUT, Value::Bytes(bytes)) => model.inputs.push(Message::parse(bytes)?),
                (GRAPH_OUTPUT, Value::Bytes(bytes)) => model.outputs.push(Message::parse(bytes)?),
                // Value infos only repeat shapes, which the runtime infers again from the rewritten graph.
                (GRAPH_VALUE_INFO, _) => {}
                _ => model.other.0.push(field),
            }
        }
        Ok(model)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut graph = self.other.clone();
        for node in &self.nodes {
            graph.push_bytes(GRAPH_NODE, node.message.encode());
        }
        for constant in self.constants.values() {
            graph.push_bytes(GRAPH_INITIALIZER, constant.encode());
        }
        for input in &self.inputs {
            graph.push_bytes(GRAPH_INPUT, input.encode());
        }
        for output in &self.outputs {
            graph.push_bytes(GRAPH_OUTPUT, output.encode());
        }
        let mut shell = self.shell.clone();
        shell.set_bytes(MODEL_GRAPH, graph.encode());
        shell.encode()
    }

    /// The constant called `name`, if it is one of a type the rewrites look into.
    pub(crate) fn constant(&self, name: &str) -> Result<Option<Tensor>, OnnxError> {
        self.constants.get(name).map_or(Ok(None), Tensor::read)
    }

    /// Whether a value is one of the graph's outputs.
    pub(crate) fn gives(&self, name: &str) -> bool {
        self.outputs.iter().any(|output| value_name(output) == name)
    }

    /// Drops constants nobody reads, and inputs that are constants or that nobody reads.
    pub(crate) fn drop_unused(&mut self) {
        let mut read: BTreeSet<String> =
            self.nodes.iter().flat_map(|node| node.inputs.iter().cloned()).collect();
        read.extend(self.outputs.iter().map(value_name));
        self.constants.retain(|name, _| read.contains(name));
        let constants = &self.constants;
        self.inputs.retain(|input| {
            let name = value_name(input);
            read.contains(&name) && !constants.contains_key(&name)
        });
    }
}

/// The name in a `ValueInfoProto`.
pub(crate) fn value_name(info: &Message) -> String {
    info.text(VALUE_INFO_NAME)
}

impl Node {
    pub(crate) fn new(operator: &str, inputs: &[&str], output: &str) -> Self {
        let mut message = Message::default();
        for input in inputs {
            message.push_bytes(NODE_INPUT, *input);
        }
        message.push_bytes(NODE_OUTPUT, output);
        message.push_bytes(NODE_OP_TYPE, operator);
        Self::read(message)
    }

    fn read(message: Message) -> Self {
        let texts =
            |number| message.all(number).map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        Self {
            operator: message.text(NODE_OP_TYPE),
            inputs: texts(NODE_INPUT),
            outputs: texts(NODE_OUTPUT),
            message,
        }
    }

    pub(crate) fn input(&self, n: usize) -> &str {
        self.inputs.get(n).map_or("", String::as_str)
    }

    pub(crate) fn output(&self) -> &str {
        self.outputs.first().map_or("", String::as_str)
    }

    /// The integer attribute called `name`.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, OnnxError> {
        for attribute in self.message.all(NODE_ATTRIBUTE) {
            let attribute = Message::parse(attribute)?;
            if attribute.text(ATTRIBUTE_NAME) == name {
                return Ok(attribute.integers(ATTRIBUTE_INTEGER)?.first().copied().map(u64::cast_signed));
            }
        }
        Ok(None)
    }
}
