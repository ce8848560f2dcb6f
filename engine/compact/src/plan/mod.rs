//! Plans: a graph in, a sequence of kernel calls out, with every buffer assigned and every weight arranged for its
//! kernel. Running a plan does not allocate.

mod layout;

use crate::graph::{Activation, Gather, Graph, GraphError, Layer, Shape};
use crate::kernels::{Addend, Backend, CHANNEL_STEP, DepthwiseRows, DepthwiseWeights, Matrix, Pixels, Product};
use layout::{Layout, layout, place};

/// Most floats in the gathered rows of a block, so that they stay in the first-level cache.
const BLOCK_FLOATS: usize = 3072;

/// How to compute a graph on one instruction set.
#[derive(Debug)]
pub(crate) struct Plan {
    layouts: Vec<Layout>,
    /// The layout and buffer of each tensor.
    slots: Vec<usize>,
    steps: Vec<Step>,
    outputs: Vec<Vec<usize>>,
    input: Shape,
    gathered_len: usize,
    pooled_len: usize,
}

/// The buffers that a plan writes to.
#[derive(Debug)]
pub(crate) struct Buffers {
    tensors: Vec<Vec<f32>>,
    gathered: Vec<f32>,
    pooled: Vec<f32>,
    /// 0, 1, 2, …: the pixels of `pooled`.
    in_order: Pixels,
}

#[derive(Debug)]
struct Step {
    input: usize,
    output: usize,
    gather: Gathering,
    matrix: Matrix,
    addend: Option<(usize, Pooling)>,
    /// Rows of output computed at once.
    block: usize,
    /// Position of each output pixel in the buffer, in pixels.
    pixels: Pixels,
    /// The same for the addend, if it is not pooled.
    addend_pixels: Pixels,
}

#[derive(Debug)]
enum Gathering {
    Window { stride: usize, before: usize },
    Depthwise { stride: usize, weights: DepthwiseWeights },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pooling {
    None,
    TwoByTwo,
}

impl Plan {
    /// Plans `graph`.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub(crate) fn new(graph: &Graph, backend: Backend) -> Result<Plan, GraphError> {
        let shapes = graph.shapes()?;
        let all: Vec<Layout> = shapes.iter().enumerate().map(|(tensor, &shape)| layout(graph, tensor, shape)).collect();
        let (layouts, slots) = place(graph, &all);
        let steps: Vec<Step> =
            graph.layers.iter().enumerate().map(|(i, layer)| step(layer, i + 1, &all, backend)).collect();
        let longest = |len: fn(&Step, &[Layout]) -> usize| steps.iter().map(|step| len(step, &all)).max().unwrap_or(0);
        Ok(Plan {
            gathered_len: longest(|step, all| match step.gather {
                Gathering::Depthwise { .. } => step.block * all[step.output].shape.width * all[step.input].step,
                Gathering::Window { .. } => 0,
            }),
            pooled_len: longest(|step, all| match step.addend {
                Some((tensor, Pooling::TwoByTwo)) => step.block * all[step.output].shape.width * all[tensor].step,
                _ => 0,
            }),
            layouts,
            slots,
            steps,
            outputs: graph.outputs.clone(),
            input: graph.input,
        })
    }

    /// Shape of the input.
    pub(crate) fn input(&self) -> Shape {
        self.input
    }

    /// Number of outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// Allocates buffers for this plan.
    pub(crate) fn buffers(&self) -> Buffers {
        Buffers {
            tensors: self.layouts.iter().map(|layout| vec![0.0; layout.len()]).collect(),
            gathered: vec![0.0; self.gathered_len],
            pooled: vec![0.0; self.pooled_len],
            in_order: Pixels::new((0..(self.pooled_len / CHANNEL_STEP) as u32).collect()),
        }
    }

    /// Runs the plan on `input` (as long as its shape says) and replaces each of `outputs`.
    pub(crate) fn run(&self, buffers: &mut Buffers, input: &[f32], outputs: &mut [Vec<f32>]) {
        let layout = self.layout(0);
        let row_len = self.input.width * self.input.channels;
        for (row, from) in layout.rows().zip(input.chunks_exact(row_len)) {
            let to = &mut buffers.tensors[self.slots[0]][row];
            if layout.step == self.input.channels {
                to.copy_from_slice(from);
                continue;
            }
            for (to, from) in to.chunks_exact_mut(layout.step).zip(from.chunks_exact(self.input.channels)) {
                to[..self.input.channels].copy_from_slice(from);
            }
        }
        for step in &self.steps {
            self.run_step(step, buffers);
        }
        for (output, tensors) in outputs.iter_mut().zip(&self.outputs) {
            output.clear();
            for &tensor in tensors {
                self.copy_out(&buffers.tensors[self.slots[tensor]], tensor, output);
            }
        }
    }

    fn layout(&self, tensor: usize) -> Layout {
        self.layouts[self.slots[tensor]]
    }

    fn copy_out(&self, buffer: &[f32], tensor: usize, output: &mut Vec<f32>) {
        let layout = self.layout(tensor);
        for row in layout.rows() {
            if layout.step == layout.shape.channels {
                output.extend_from_slice(&buffer[row]);
            } else {
                output.extend(buffer[row].chunks_exact(layout.step).flat_map(|pixel| &pixel[..layout.shape.channels]));
            }
        }
    }

    fn run_step(&self, step: &Step, buffers: &mut Buffers) {
        let out = self.layout(step.output).shape;
        // Taken out of the list meanwhile, so that the others can be read. A step never reads the buffer it writes.
        let mut output = std::mem::take(&mut buffers.tensors[self.slots[step.output]]);
        for first in (0..out.height).step_by(step.block) {
            let rows = step.block.min(out.height - first);
            self.run_rows(step, buffers, &mut output, first, rows);
        }
        buffers.tensors[self.slots[step.output]] = output;
    }

    /// Computes `rows` rows of output from row `first` on.
    fn run_rows(&self, step: &Step, buffers: &mut Buffers, output: &mut [f32], first: usize, rows: usize) {
        let width = self.layout(step.output).shape.width;
        let block = first * width..(first + rows) * width;
        let Buffers { tensors, gathered, pooled, in_order } = buffers;
        let addend = step.addend.map(|(tensor, pooling)| {
            let layout = self.layout(tensor);
            let values = &tensors[self.slots[tensor]];
            match pooling {
                Pooling::None => Addend { values, step: layout.step, pixels: step.addend_pixels.range(block.clone()) },
                Pooling::TwoByTwo => {
                    pool(&layout, values, first, rows, pooled);
                    Addend { values: pooled, step: layout.step, pixels: in_order.range(0..block.len()) }
                }
            }
        });
        let layout = self.layout(step.input);
        let input = &tensors[self.slots[step.input]];
        match &step.gather {
            Gathering::Depthwise { stride, weights } => {
                // Stride 1 has a border on all sides, stride 2 only below and to the right.
                let corner = if *stride == 1 { layout.border - 1 } else { layout.border };
                let start = layout.pixel(first * stride + corner, corner) * layout.step;
                DepthwiseRows {
                    weights,
                    input: &input[start..],
                    row_step: layout.row_step(),
                    stride: *stride,
                    width,
                    height: rows,
                    output: gathered,
                }
                .run();
                Product {
                    matrix: &step.matrix,
                    input: gathered,
                    pixel_step: layout.step,
                    segment_step: 0,
                    addend,
                    output,
                    pixels: step.pixels.range(block),
                }
                .run();
            }
            Gathering::Window { stride, before } => {
                let corner = layout.border - before;
                let start = layout.pixel(first * stride + corner, corner) * layout.step;
                Product {
                    matrix: &step.matrix,
                    input: &input[start..],
                    pixel_step: layout.step * stride,
                    segment_step: layout.row_step(),
                    addend,
                    output,
                    pixels: step.pixels.range(block),
                }
                .run();
            }
        }
    }
}

/// Max-pools 2×2 pixels, for `rows` rows from row `first` of the result on.
fn pool(layout: &Layout, values: &[f32], first: usize, rows: usize, pooled: &mut [f32]) {
    let width = layout.shape.width / 2;
    let greatest = |a: f32, b: f32| if a > b { a } else { b };
    for (row, pooled) in pooled.chunks_exact_mut(width * layout.step).take(rows).enumerate() {
        let start = layout.pixel((first + row) * 2 + layout.border, layout.border) * layout.step;
        let (top, bottom) = (&values[start..], &values[start + layout.row_step()..]);
        let pairs = top.chunks_exact(2 * layout.step).zip(bottom.chunks_exact(2 * layout.step));
        for (pooled, (top, bottom)) in pooled.chunks_exact_mut(layout.step).zip(pairs) {
            let ((a, b), (c, d)) = (top.split_at(layout.step), bottom.split_at(layout.step));
            for ((pooled, (a, b)), (c, d)) in pooled.iter_mut().zip(a.iter().zip(b)).zip(c.iter().zip(d)) {
                *pooled = greatest(greatest(*a, *b), greatest(*c, *d));
            }
        }
    }
}

fn step(layer: &Layer, output: usize, all: &[Layout], backend: Backend) -> Step {
    let (from, to) = (all[layer.input], all[output]);
    let slopes = match &layer.activation {
        Activation::Linear => vec![1.0; layer.channels()],
        Activation::Relu => vec![0.0; layer.channels()],
        Activation::Prelu(slopes) => slopes.clone(),
    };
    let matrix =
        |segments, length, weights: &[f32]| Matrix::new(backend, segments, length, weights, &layer.bias, &slopes);
    let (gather, matrix) = match &layer.gather {
        Gather::Window { kernel: 1, stride, before, .. } => {
            (Gathering::Window { stride: *stride, before: *before }, matrix(1, from.shape.channels, &layer.weights))
        }
        Gather::Window { kernel, stride, before, .. } => {
            let weights = spread(&layer.weights, from.shape.channels, from.step);
            (Gathering::Window { stride: *stride, before: *before }, matrix(*kernel, kernel * from.step, &weights))
        }
        Gather::Depthwise { stride, weights } => (
            Gathering::Depthwise { stride: *stride, weights: DepthwiseWeights::new(backend, weights) },
            matrix(1, from.shape.channels, &layer.weights),
        ),
    };
    let block = match gather {
        Gathering::Depthwise { .. } => (BLOCK_FLOATS / (to.shape.width * from.step)).clamp(1, to.shape.height),
        // The pixels of two rows are not evenly spaced.
        Gathering::Window { .. } => 1,
    };
    let addend = layer
        .residual
        .map(|residual| (residual.tensor, if residual.pooled { Pooling::TwoByTwo } else { Pooling::None }));
    let addend_pixels = match addend {
        Some((tensor, Pooling::None)) => all[tensor].pixels(),
        _ => Pixels::default(),
    };
    Step { input: layer.input, output, gather, matrix, addend, block, pixels: to.pixels(), addend_pixels }
}

/// Inserts zeros between the weights where the input has padding channels.
fn spread(weights: &[f32], channels: usize, step: usize) -> Vec<f32> {
    let pixel = |values: &[f32]| {
        let mut values = values.to_vec();
        values.resize(step, 0.0);
        values
    };
    weights.chunks_exact(channels).flat_map(pixel).collect()
}
