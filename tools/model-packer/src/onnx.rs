//! The part of the ONNX file format that the engine's networks use. Field numbers are those of `onnx.proto`
//! (<https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>).

use anyhow::{Context as _, ensure};
use prost::Message;

/// `TensorProto.DataType.FLOAT`
const FLOAT: i32 = 1;
/// `TensorProto.DataType.INT64`
const INT64: i32 = 7;

/// `ModelProto`
#[derive(Clone, PartialEq, Message)]
pub struct Model {
    /// Version of the format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// The network.
    #[prost(message, required, tag = "7")]
    pub graph: Graph,
    /// Versions of the operator sets.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
}

/// `OperatorSetIdProto`
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    /// Domain of the operators; empty for ONNX's own.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// Version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// `GraphProto`
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// Operators in topological order.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    /// Name of the graph.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Constants.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    /// Inputs.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    /// Outputs.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

/// `NodeProto`
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    /// Names of its input values.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of its output values.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// Name of the node.
    #[prost(string, tag = "3")]
    pub name: String,
    /// Operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// Attributes.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
}

/// `AttributeProto`
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Value of an integer attribute.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// Value of a string attribute.
    #[prost(bytes = "vec", tag = "4")]
    pub s: Vec<u8>,
    /// Values of an integer list attribute.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Type of the attribute (`AttributeType`).
    #[prost(int32, tag = "20")]
    pub kind: i32,
}

/// `TensorProto`
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// Shape.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// Data type (`TensorProto.DataType`).
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// Values, little-endian.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
}

/// `ValueInfoProto`
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<Type>,
}

/// `TypeProto`
#[derive(Clone, PartialEq, Message)]
pub struct Type {
    /// The type of a tensor.
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorType>,
}

/// `TypeProto.Tensor`
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    /// Data type (`TensorProto.DataType`).
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// Shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

/// `TensorShapeProto`
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    /// Dimensions.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// `TensorShapeProto.Dimension`
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// Size of a fixed dimension.
    #[prost(int64, tag = "1")]
    pub dim_value: i64,
}

impl Model {
    /// Parses a file.
    ///
    /// # Errors
    /// If the bytes are not an ONNX model.
    pub fn parse(bytes: &[u8]) -> anyhow::Result<Model> {
        Model::decode(bytes).context("not an ONNX model")
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}

impl ValueInfo {
    /// The dimensions, if all are fixed.
    pub fn sides(&self) -> Option<Vec<usize>> {
        let shape = self.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
        shape.dim.iter().map(|dim| usize::try_from(dim.dim_value).ok().filter(|&side| side > 0)).collect()
    }
}

impl Node {
    /// The integers of an attribute; empty if the attribute is missing.
    pub fn ints(&self, name: &str) -> Vec<usize> {
        let found = self.attribute.iter().find(|attribute| attribute.name == name);
        found.map_or_else(Vec::new, |found| found.ints.iter().map(|&i| i.max(0) as usize).collect())
    }

    /// The integer of an attribute; 1 if the attribute is missing.
    pub fn int(&self, name: &str) -> usize {
        self.attribute.iter().find(|attribute| attribute.name == name).map_or(1, |found| found.i.max(0) as usize)
    }
}

impl Tensor {
    /// The values, which must be 32-bit floats.
    ///
    /// # Errors
    /// If they have another type.
    pub fn floats(&self) -> anyhow::Result<Vec<f32>> {
        ensure!(self.data_type == FLOAT && self.raw_data.len().is_multiple_of(4), "{} does not hold floats", self.name);
        Ok(self.raw_data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    /// Replaces the values by the same number of 32-bit floats.
    pub fn set_floats(&mut self, values: &[f32]) {
        self.raw_data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    }

    /// The values, which must be 64-bit integers.
    ///
    /// # Errors
    /// If they have another type.
    pub fn integers(&self) -> anyhow::Result<Vec<i64>> {
        ensure!(
            self.data_type == INT64 && self.raw_data.len().is_multiple_of(8),
            "{} does not hold integers",
            self.name
        );
        let whole = |b: &[u8]| b.iter().rev().fold(0_i64, |number, &byte| (number << 8) | i64::from(byte));
        Ok(self.raw_data.chunks_exact(8).map(whole).collect())
    }
}
