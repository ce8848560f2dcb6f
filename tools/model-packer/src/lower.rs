//! Lowering: an ONNX graph in, the compact runtime's layers out. Every convolution becomes a layer; neighbouring operations
//! are fused into it where possible.

use std::collections::HashMap;

use anyhow::{Context as _, bail, ensure};
use engine_compact::{Activation, Gather, Graph, Layer, Residual, Shape};

use crate::onnx::{Model, Node, Tensor};

/// A lowered network.
#[derive(Debug)]
pub struct Lowered {
    /// The layers.
    pub graph: Graph,
    /// For each layer, its origin in the ONNX file.
    pub sources: Vec<Source>,
}

/// The names of a layer's parts in the ONNX file.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The value that the layer computes.
    pub value: String,
    /// Weights and bias of the convolution.
    pub matrix: [String; 2],
    /// Weights and bias of the preceding depthwise convolution.
    pub depthwise: Option<[String; 2]>,
    /// Slopes of the activation.
    pub slopes: Option<String>,
}

/// An ONNX value in terms of the runtime's tensors.
#[derive(Clone, Debug)]
enum Value {
    /// A tensor. Transposing or reshaping does not move its values, which are already stored channels last.
    Tensor(usize),
    /// The maximum of each 2×2 pixels of a tensor.
    Pooled(usize),
    /// A depthwise convolution of a tensor.
    Depthwise { tensor: usize, stride: usize, weights: Vec<f32>, bias: Vec<f32>, names: [String; 2] },
    /// Several tensors, concatenated.
    Joined(Vec<usize>),
}

/// Lowers a model.
///
/// # Errors
/// If it uses something that the engine's networks do not.
pub fn lower(model: &Model) -> anyhow::Result<Lowered> {
    let mut lowering = Lowering::new(model)?;
    for node in &model.graph.node {
        lowering.node(node).with_context(|| format!("cannot lower {} ({})", node.name, node.op_type))?;
    }
    let outputs = model.graph.output.iter().map(|output| match lowering.value(&output.name)? {
        Value::Tensor(tensor) => Ok(vec![tensor]),
        Value::Joined(tensors) => Ok(tensors),
        Value::Pooled(_) | Value::Depthwise { .. } => bail!("{} is not the result of a layer", output.name),
    });
    let outputs = outputs.collect::<anyhow::Result<_>>()?;
    let graph = Graph { input: lowering.input, layers: lowering.layers, outputs };
    graph.shapes()?;
    Ok(Lowered { graph, sources: lowering.sources })
}

struct Lowering<'a> {
    input: Shape,
    constants: HashMap<&'a str, &'a Tensor>,
    values: HashMap<String, Value>,
    /// Number of uses of each value.
    uses: HashMap<&'a str, usize>,
    layers: Vec<Layer>,
    sources: Vec<Source>,
}

impl<'a> Lowering<'a> {
    fn new(model: &'a Model) -> anyhow::Result<Lowering<'a>> {
        let [input] = &model.graph.input[..] else { bail!("the network must have one input") };
        let Some([1, height, width, channels]) = input.sides().and_then(|sides| <[usize; 4]>::try_from(sides).ok())
        else {
            bail!("the input must be one picture, channels last")
        };
        let used = model.graph.node.iter().flat_map(|node| &node.input);
        let given = model.graph.output.iter().map(|output| &output.name);
        let mut uses = HashMap::new();
        used.chain(given).for_each(|name| *uses.entry(name.as_str()).or_default() += 1);
        Ok(Lowering {
            input: Shape { height, width, channels },
            constants: model.graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect(),
            values: HashMap::from([(input.name.clone(), Value::Tensor(0))]),
            uses,
            layers: Vec::new(),
            sources: Vec::new(),
        })
    }

    fn node(&mut self, node: &Node) -> anyhow::Result<()> {
        let value = match node.op_type.as_str() {
            "Transpose" | "Flatten" | "Reshape" => self.value(input(node, 0)?)?,
            "Conv" => self.convolution(node)?,
            "MaxPool" => self.pool(node)?,
            "Pad" => self.pad(node)?,
            "Add" => self.add(node)?,
            "Relu" => self.activate(node, Activation::Relu)?,
            "PRelu" => {
                let slopes = self.floats(input(node, 1)?)?;
                self.activate(node, Activation::Prelu(slopes))?
            }
            "Concat" => self.join(node)?,
            _ => bail!("the compact runtime does not support this operator"),
        };
        let [output] = &node.output[..] else { bail!("exactly one output is required") };
        self.values.insert(output.clone(), value);
        Ok(())
    }

    fn convolution(&mut self, node: &Node) -> anyhow::Result<Value> {
        let weights = self.constants.get(input(node, 1)?).context("the weights must be constant")?;
        let [out, depth, kernel, columns] =
            <[i64; 4]>::try_from(weights.dims.clone()).ok().context("the weights must have four dimensions")?;
        let [out, depth, kernel, columns] = [out, depth, kernel, columns].map(|side| side.max(0) as usize);
        ensure!(kernel == columns, "the window must be square");
        let stride = both(&node.ints("strides")).context("both strides must be equal")?;
        let (before, after) = paddings(&node.ints("pads")).context("the padding must be equal in both directions")?;
        let (weights, bias) = (weights.floats()?, self.floats(input(node, 2)?)?);
        let names = [input(node, 1)?.to_owned(), input(node, 2)?.to_owned()];
        let mut source = Source { value: node.output.concat(), matrix: names.clone(), ..Source::default() };
        let value = self.value(input(node, 0)?)?;
        if node.int("group") > 1 {
            let Value::Tensor(tensor) = value else { bail!("a depthwise convolution must follow a layer") };
            ensure!(
                depth == 1 && kernel == 3 && node.int("group") == out,
                "a depthwise convolution must have one 3×3 window per channel"
            );
            ensure!(
                (stride, before, after) == (1, 1, 1) || (stride, before, after) == (2, 0, 1),
                "a depthwise convolution must have the usual padding"
            );
            let by_tap = (0..9).flat_map(|tap| weights.iter().skip(tap).step_by(9).copied()).collect();
            return Ok(Value::Depthwise { tensor, stride, weights: by_tap, bias, names });
        }
        let layer = match value {
            Value::Tensor(input) => Layer {
                input,
                gather: Gather::Window { kernel, stride, before, after },
                weights: channels_last(&weights, depth, kernel * kernel),
                bias,
                residual: None,
                activation: Activation::Linear,
            },
            Value::Depthwise { tensor, stride: steps, weights: taps, bias: inner, names } => {
                source.depthwise = Some(names);
                ensure!(kernel == 1 && stride == 1, "a pointwise convolution must follow a depthwise one");
                // The contribution of the depthwise bias is the same for every pixel.
                let through = weights.chunks_exact(depth).map(|row| row.iter().zip(&inner).map(|(w, b)| w * b).sum());
                let through: Vec<f32> = through.collect();
                Layer {
                    input: tensor,
                    gather: Gather::Depthwise { stride: steps, weights: taps },
                    weights,
                    bias: bias.iter().zip(through).map(|(bias, through)| bias + through).collect(),
                    residual: None,
                    activation: Activation::Linear,
                }
            }
            Value::Pooled(_) | Value::Joined(_) => bail!("a convolution must follow a layer"),
        };
        self.layers.push(layer);
        self.sources.push(source);
        Ok(Value::Tensor(self.layers.len()))
    }

    fn pool(&self, node: &Node) -> anyhow::Result<Value> {
        let Value::Tensor(tensor) = self.value(input(node, 0)?)? else { bail!("pooling must follow a layer") };
        let is_two_by_two = both(&node.ints("kernel_shape")) == Some(2) && both(&node.ints("strides")) == Some(2);
        ensure!(
            is_two_by_two && node.ints("pads").iter().all(|&pad| pad == 0),
            "pooling must be over separate 2×2 pixels"
        );
        Ok(Value::Pooled(tensor))
    }

    /// Padding adds channels of zeros. A residual with fewer channels has the same effect.
    fn pad(&self, node: &Node) -> anyhow::Result<Value> {
        let amounts = self.constants.get(input(node, 1)?).context("the amounts must be constant")?.integers()?;
        let only_channels = amounts.iter().enumerate().all(|(i, &amount)| amount == 0 || i == 5);
        ensure!(amounts.len() == 8 && only_channels, "padding must only append channels");
        self.value(input(node, 0)?)
    }

    fn add(&mut self, node: &Node) -> anyhow::Result<Value> {
        let names = [input(node, 0)?, input(node, 1)?];
        let latest = self.layers.len();
        let values = [self.value(names[0])?, self.value(names[1])?];
        let is_latest = |i: usize| matches!(values[i], Value::Tensor(tensor) if tensor == latest);
        let own = usize::from(!is_latest(0));
        ensure!(is_latest(own) && !is_latest(1 - own), "an addition must combine the latest layer with an earlier one");
        let residual = match values[1 - own] {
            Value::Tensor(tensor) => Residual { tensor, pooled: false },
            Value::Pooled(tensor) => Residual { tensor, pooled: true },
            _ => bail!("an addition must combine results of layers"),
        };
        let (layer, source) = self.pending(names[own])?;
        ensure!(layer.residual.is_none(), "a layer may have only one addition");
        layer.residual = Some(residual);
        source.value = node.output.concat();
        Ok(Value::Tensor(latest))
    }

    fn activate(&mut self, node: &Node, activation: Activation) -> anyhow::Result<Value> {
        let Value::Tensor(tensor) = self.value(input(node, 0)?)? else { bail!("an activation must follow a layer") };
        let (layer, source) = self.pending(input(node, 0)?)?;
        layer.activation = activation;
        source.value = node.output.concat();
        source.slopes = node.input.get(1).cloned();
        Ok(Value::Tensor(tensor))
    }

    /// The latest layer, provided that `name` is its result and is used only once.
    fn pending(&mut self, name: &str) -> anyhow::Result<(&mut Layer, &mut Source)> {
        let is_latest = matches!(self.values.get(name), Some(Value::Tensor(tensor)) if *tensor == self.layers.len());
        ensure!(
            is_latest && self.uses.get(name) == Some(&1),
            "{name} is not the latest result or is used elsewhere too"
        );
        let (Some(layer), Some(source)) = (self.layers.last_mut(), self.sources.last_mut()) else {
            bail!("there is no layer")
        };
        ensure!(layer.activation == Activation::Linear, "a layer may have only one activation");
        Ok((layer, source))
    }

    fn join(&self, node: &Node) -> anyhow::Result<Value> {
        let tensors = node.input.iter().map(|name| match self.value(name)? {
            Value::Tensor(tensor) => Ok(tensor),
            _ => bail!("only results of layers can be concatenated"),
        });
        Ok(Value::Joined(tensors.collect::<anyhow::Result<_>>()?))
    }

    fn value(&self, name: &str) -> anyhow::Result<Value> {
        self.values.get(name).cloned().with_context(|| format!("{name} is not known"))
    }

    fn floats(&self, name: &str) -> anyhow::Result<Vec<f32>> {
        self.constants.get(name).with_context(|| format!("{name} is not constant"))?.floats()
    }
}

fn input(node: &Node, index: usize) -> anyhow::Result<&str> {
    node.input.get(index).map(String::as_str).context("an input is missing")
}

/// The common value of both sides, if they are equal.
fn both(sides: &[usize]) -> Option<usize> {
    match *sides {
        [a, b] if a == b => Some(a),
        _ => None,
    }
}

/// Padding before and after, if it is equal in both directions.
fn paddings(pads: &[usize]) -> Option<(usize, usize)> {
    match *pads {
        [top, left, bottom, right] if top == left && bottom == right => Some((top, bottom)),
        [] => Some((0, 0)),
        _ => None,
    }
}

/// From `[out][channel][tap]` to `[out][tap][channel]`.
fn channels_last(weights: &[f32], channels: usize, taps: usize) -> Vec<f32> {
    let row = |row: &[f32]| {
        (0..taps).flat_map(|tap| row.iter().skip(tap).step_by(taps).copied().collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    weights.chunks_exact(channels * taps).flat_map(row).collect()
}
