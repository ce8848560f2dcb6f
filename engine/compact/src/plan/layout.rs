//! Layouts: how each tensor is laid out in memory, and which buffer it uses.

use crate::graph::{Gather, Graph, Layer, Shape};
use crate::kernels::{CHANNEL_STEP, Pixels};

/// How a tensor is laid out in memory: with a border of zeros, and with zeros after the channels of each pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) shape: Shape,
    /// Pixels of zeros on each side.
    pub(super) border: usize,
    /// Floats from one pixel to the next.
    pub(super) step: usize,
}

impl Layout {
    pub(super) fn row_step(&self) -> usize {
        (self.shape.width + 2 * self.border) * self.step
    }

    pub(super) fn len(&self) -> usize {
        (self.shape.height + 2 * self.border) * self.row_step()
    }

    /// Position of the pixel in row `y` and column `x`, in pixels. Both count from the border's corner.
    pub(super) fn pixel(&self, y: usize, x: usize) -> usize {
        y * (self.shape.width + 2 * self.border) + x
    }

    /// Position of every pixel, in pixels.
    pub(super) fn pixels(&self) -> Pixels {
        let Layout { shape, border, .. } = *self;
        let place = |y: usize, x: usize| self.pixel(y + border, x + border) as u32;
        Pixels::new((0..shape.height).flat_map(|y| (0..shape.width).map(move |x| place(y, x))).collect())
    }

    /// The range of each row's values, without the border.
    pub(super) fn rows(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let Layout { shape, border, step } = *self;
        let layout = *self;
        (0..shape.height).map(move |y| {
            let start = layout.pixel(y + border, border) * step;
            start..start + shape.width * step
        })
    }
}

/// The layout of a tensor, with the widest border that any layer needs. Only an input that is read by nothing but
/// windows has no padding channels, so that a row of a window is contiguous.
pub(super) fn layout(graph: &Graph, tensor: usize, shape: Shape) -> Layout {
    let readers = || graph.layers.iter().filter(|layer| layer.input == tensor);
    let border = readers().map(|layer| layer.gather.border()).max().unwrap_or(0);
    let is_plain = tensor == 0
        && readers().all(|layer| matches!(layer.gather, Gather::Window { .. }))
        && graph.layers.iter().all(|layer| layer.residual.is_none_or(|residual| residual.tensor != tensor));
    let step = if is_plain { shape.channels } else { shape.channels.next_multiple_of(CHANNEL_STEP) };
    Layout { shape, border, step }
}

/// Assigns a buffer to every tensor. Tensors with the same layout share one if the first is no longer needed when the
/// other is computed. Zeros stay zeros, because borders and padding channels of both are the same.
pub(super) fn place(graph: &Graph, all: &[Layout]) -> (Vec<Layout>, Vec<usize>) {
    let reads = |layer: &Layer, tensor: usize| {
        layer.input == tensor || layer.residual.is_some_and(|residual| residual.tensor == tensor)
    };
    let needed_until = |tensor: usize| {
        let is_output = graph.outputs.iter().flatten().any(|&output| output == tensor);
        let last = graph.layers.iter().rposition(|layer| reads(layer, tensor));
        if is_output { graph.layers.len() } else { last.unwrap_or(0) }
    };
    let mut layouts: Vec<Layout> = Vec::new();
    // The last layer that needs the content of each buffer.
    let mut busy_until: Vec<usize> = Vec::new();
    let mut slots = Vec::new();
    for (tensor, &layout) in all.iter().enumerate() {
        // Tensor 0 exists before layer 0; tensor `i` is computed by layer `i - 1`.
        let is_free = |slot: &usize| tensor > 0 && layouts[*slot] == layout && busy_until[*slot] < tensor - 1;
        let slot = (0..layouts.len()).find(is_free).unwrap_or(layouts.len());
        if slot == layouts.len() {
            layouts.push(layout);
            busy_until.push(0);
        }
        busy_until[slot] = needed_until(tensor).max(tensor.saturating_sub(1));
        slots.push(slot);
    }
    (layouts, slots)
}
