//! Graphs: what a network computes, layer by layer, in plain `f32`. Knows neither a file format nor how to compute it.

/// Rows, columns and channels of a tensor, channels last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values per pixel.
    pub channels: usize,
}

impl Shape {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A network. Tensor 0 is its input; layer `i` computes tensor `i + 1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Shape of tensor 0.
    pub input: Shape,
    /// The layers in the order in which they are computed.
    pub layers: Vec<Layer>,
    /// Each output concatenates the values of these tensors.
    pub outputs: Vec<Vec<usize>>,
}

/// `activation(weights · gather(input) + bias + residual)`, for each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The tensor that is read.
    pub input: usize,
    /// How the values for one output pixel are gathered.
    pub gather: Gather,
    /// For each output channel, a row with one weight per gathered value.
    pub weights: Vec<f32>,
    /// One value for each output channel.
    pub bias: Vec<f32>,
    /// A tensor to add.
    pub residual: Option<Residual>,
    /// The function that is applied last.
    pub activation: Activation,
}

/// How a layer gathers the values that it multiplies.
#[derive(Clone, Debug, PartialEq)]
pub enum Gather {
    /// A window of `kernel × kernel` pixels, row by row; 1 is the pixel itself.
    Window {
        /// Pixels along a side.
        kernel: usize,
        /// Pixels from one window to the next.
        stride: usize,
        /// Zeros above and to the left of the input.
        before: usize,
        /// Zeros below and to the right of the input.
        after: usize,
    },
    /// A depthwise 3×3 convolution. Stride 1 has a border of zeros on all sides, stride 2 only below and to the right.
    Depthwise {
        /// 1 or 2.
        stride: usize,
        /// Nine rows, from the top left, of one value for each channel. (A depthwise bias is part of [`Layer::bias`].)
        weights: Vec<f32>,
    },
}

/// A tensor that is added before the activation. If it has fewer channels than the layer, nothing is added to the
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Residual {
    /// Which tensor.
    pub tensor: usize,
    /// Whether it is max-pooled over 2×2 pixels first.
    pub pooled: bool,
}

/// The function that is applied to each value `v`.
#[derive(Clone, Debug, PartialEq)]
pub enum Activation {
    /// Nothing.
    Linear,
    /// `max(v, 0)`
    Relu,
    /// `v`, or the channel's slope times `v` if `v` is below 0.
    Prelu(Vec<f32>),
}

impl Layer {
    /// Number of output channels.
    pub fn channels(&self) -> usize {
        self.bias.len()
    }

    /// Shape of the output for an input of this shape; `None` if the window does not fit.
    pub fn output_shape(&self, input: Shape) -> Option<Shape> {
        let side = |side: usize| match self.gather {
            Gather::Window { kernel, stride, before, after } => {
                (side + before + after).checked_sub(kernel)?.checked_div(stride).map(|steps| steps + 1)
            }
            Gather::Depthwise { stride, .. } => side.checked_div(stride),
        };
        Some(Shape { height: side(input.height)?, width: side(input.width)?, channels: self.channels() })
    }
}

impl Gather {
    /// Number of values gathered for one pixel of an input with this many channels.
    pub fn depth(&self, channels: usize) -> usize {
        match self {
            Gather::Window { kernel, .. } => kernel * kernel * channels,
            Gather::Depthwise { .. } => channels,
        }
    }

    /// Width of the border of zeros that the input needs, on the side that needs most.
    pub(crate) fn border(&self) -> usize {
        match *self {
            Gather::Window { before, after, .. } => before.max(after),
            Gather::Depthwise { .. } => 1,
        }
    }
}

impl Graph {
    /// The shape of every tensor, the input first.
    ///
    /// # Errors
    /// The first inconsistency. A graph without one can be computed.
    pub fn shapes(&self) -> Result<Vec<Shape>, GraphError> {
        if self.input.is_empty() {
            return Err(GraphError { layer: 0, what: "reads an empty input" });
        }
        let mut shapes = vec![self.input];
        for (index, layer) in self.layers.iter().enumerate() {
            let fault = |what| GraphError { layer: index, what };
            let input = *shapes.get(layer.input).ok_or(fault("reads a tensor that does not exist yet"))?;
            let output = layer.output_shape(input).ok_or(fault("has a window that does not fit"))?;
            if output.is_empty() {
                return Err(fault("has an empty tensor"));
            }
            layer.check_lengths(input).map_err(fault)?;
            if let Some(residual) = layer.residual {
                let added = *shapes.get(residual.tensor).ok_or(fault("adds a tensor that does not exist yet"))?;
                let by = if residual.pooled { 2 } else { 1 };
                let fits = added.height == output.height * by && added.width == output.width * by;
                if !fits || added.channels > output.channels {
                    return Err(fault("adds a tensor of another shape"));
                }
            }
            shapes.push(output);
        }
        let known = |tensor: &usize| *tensor < shapes.len();
        if !self.outputs.iter().flatten().all(known) {
            return Err(GraphError { layer: self.layers.len(), what: "outputs a tensor that does not exist" });
        }
        Ok(shapes)
    }
}

impl Layer {
    fn check_lengths(&self, input: Shape) -> Result<(), &'static str> {
        if self.weights.len() != self.channels() * self.gather.depth(input.channels) {
            return Err("has the wrong number of weights for its shape");
        }
        if let Activation::Prelu(slopes) = &self.activation
            && slopes.len() != self.channels()
        {
            return Err("does not have one slope for each channel");
        }
        let Gather::Depthwise { stride, weights } = &self.gather else { return Ok(()) };
        // With stride 2, a border of zeros below and to the right is right for even sides only.
        let sides_fit =
            *stride == 1 || (*stride == 2 && input.height.is_multiple_of(2) && input.width.is_multiple_of(2));
        if !sides_fit {
            return Err("has a depthwise stride that does not fit");
        }
        if weights.len() != 9 * input.channels {
            return Err("does not have nine depthwise weights for each channel");
        }
        Ok(())
    }
}

/// A graph is inconsistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {layer} {what}")]
pub struct GraphError {
    /// Number of the layer, from 0. The number of layers, if the fault is in the outputs.
    pub layer: usize,
    /// What does not fit.
    pub what: &'static str,
}
