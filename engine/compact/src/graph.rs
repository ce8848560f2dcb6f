//! Graphs: what a network computes, layer by layer, in plain `f32`. Knows no file and no way to compute it.

/// Rows, columns and channels of a tensor, channels last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values a pixel.
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

/// A network. Tensor 0 is its input; layer `i` makes tensor `i + 1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Shape of tensor 0.
    pub input: Shape,
    /// In the order in which they are computed.
    pub layers: Vec<Layer>,
    /// Each output is the values of these tensors, one tensor after the other.
    pub outputs: Vec<Vec<usize>>,
}

/// `activation(weights · gather(input) + bias + residual)`, for each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The tensor that is read.
    pub input: usize,
    /// How the values of one pixel come together.
    pub gather: Gather,
    /// One row of as many values as are gathered for each output channel.
    pub weights: Vec<f32>,
    /// One value for each output channel.
    pub bias: Vec<f32>,
    /// What is added.
    pub residual: Option<Residual>,
    /// What is applied last.
    pub activation: Activation,
}

/// How the values come together that a layer multiplies.
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
    /// A depthwise 3×3 convolution. Stride 1 has a border of zeros on all sides, stride 2 below and to the right.
    Depthwise {
        /// 1 or 2.
        stride: usize,
        /// Nine rows, from the top left, of one value for each channel. (A depthwise bias is part of [`Layer::bias`].)
        weights: Vec<f32>,
    },
}

/// A tensor that is added before the activation. If it has fewer channels than the layer, the others get nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Residual {
    /// Which tensor.
    pub tensor: usize,
    /// Whether the greatest of each 2×2 pixels is taken first.
    pub pooled: bool,
}

/// What happens to a value `v` last.
#[derive(Clone, Debug, PartialEq)]
pub enum Activation {
    /// Nothing.
    Linear,
    /// `max(v, 0)`
    Relu,
    /// `v`, or the channel's slope times `v` below 0.
    Prelu(Vec<f32>),
}

impl Layer {
    /// Number of output channels.
    pub fn channels(&self) -> usize {
        self.bias.len()
    }

    /// Shape of what the layer makes of an input of this shape; `None` if the window does not fit.
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
    /// Values that are gathered for one pixel of an input with so many channels.
    pub fn depth(&self, channels: usize) -> usize {
        match self {
            Gather::Window { kernel, .. } => kernel * kernel * channels,
            Gather::Depthwise { .. } => channels,
        }
    }

    /// Zeros that must lie around the input, on the side that needs the most.
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
    /// The first thing that does not fit together. A graph that passes can be computed.
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
            return Err(GraphError { layer: self.layers.len(), what: "gives out a tensor that does not exist" });
        }
        Ok(shapes)
    }
}

impl Layer {
    fn check_lengths(&self, input: Shape) -> Result<(), &'static str> {
        if self.weights.len() != self.channels() * self.gather.depth(input.channels) {
            return Err("has another number of weights than its shape calls for");
        }
        if let Activation::Prelu(slopes) = &self.activation
            && slopes.len() != self.channels()
        {
            return Err("has another number of slopes than channels");
        }
        let Gather::Depthwise { stride, weights } = &self.gather else { return Ok(()) };
        // A border of zeros below and to the right is what stride 2 needs for even sides, and only for those.
        let sides_fit =
            *stride == 1 || (*stride == 2 && input.height.is_multiple_of(2) && input.width.is_multiple_of(2));
        if !sides_fit {
            return Err("has a depthwise stride that does not fit");
        }
        if weights.len() != 9 * input.channels {
            return Err("has another number of depthwise weights than channels");
        }
        Ok(())
    }
}

/// A graph's parts do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {layer} {what}")]
pub struct GraphError {
    /// Which layer, from 0; as many as there are layers for the outputs.
    pub layer: usize,
    /// What does not fit.
    pub what: &'static str,
}
