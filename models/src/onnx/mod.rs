//! Just enough of ONNX to rewrite a graph: protobuf as lists of fields, tensors of constants, and the rewrites.

mod graph;
mod prelu;
mod rewrite;
mod tensor;
mod wire;

pub(crate) use graph::Model;
pub(crate) use prelu::replace_prelu;
pub(crate) use rewrite::{fold, free_batch, free_height_and_width};

/// Why a model file could not be rewritten.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The bytes are not a protobuf message, or end too early.
    #[error("it is not a well-formed ONNX file")]
    Malformed,
    /// A node does not have the shape that this rewrite understands.
    #[error("node “{node}” ({operator}) cannot be rewritten: {why}")]
    Node {
        /// The node's first output.
        node: String,
        /// Its operator.
        operator: &'static str,
        /// What is not understood.
        why: &'static str,
    },
}
