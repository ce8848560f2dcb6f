//! Writing packs, which rounds the weights.

use half::f16;

use super::{
    DEPTHWISE, LINEAR, MAGIC, NARROW, NO_RESIDUAL, POOLED_RESIDUAL, PRELU, Pack, RELU, RESIDUAL, VERSION, WIDE, WINDOW,
};
use crate::graph::{Activation, Gather, Graph, GraphError, Layer};

impl Pack {
    /// Packs the graphs. `levels` returns the greatest integer that a row of weights is rounded to, given the positions
    /// of the graph, of the layer in it, and of the row (the output channel). A weight takes one byte if all rows of a
    /// layer have 127 or less, otherwise two. The same graphs give the same bytes on every machine. Reading the bytes
    /// gives the graphs with rounded weights.
    ///
    /// # Errors
    /// If a graph is inconsistent, or `source` is not a SHA-256.
    pub fn to_bytes(&self, levels: impl Fn(usize, usize, usize) -> i16) -> Result<Vec<u8>, GraphError> {
        let mut rest =
            unhex(&self.source).ok_or(GraphError { layer: 0, what: "comes from files without a checksum" })?;
        for (position, graph) in self.graphs.iter().enumerate() {
            write_graph(&mut rest, graph, |layer, row| levels(position, layer, row))?;
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((rest.len() as u32).to_le_bytes());
        bytes.extend(adler2::adler32_slice(&rest).to_le_bytes());
        bytes.extend(rest);
        Ok(bytes)
    }
}

fn write_graph(to: &mut Vec<u8>, graph: &Graph, levels: impl Fn(usize, usize) -> i16) -> Result<(), GraphError> {
    let shapes = graph.shapes()?;
    for side in [graph.input.height, graph.input.width, graph.input.channels, graph.layers.len()] {
        put_u16(to, side);
    }
    for (position, layer) in graph.layers.iter().enumerate() {
        write_layer(to, layer, shapes[layer.input].channels, |row| levels(position, row));
    }
    to.push(graph.outputs.len() as u8);
    for tensors in &graph.outputs {
        to.push(tensors.len() as u8);
        tensors.iter().for_each(|&tensor| put_u16(to, tensor));
    }
    Ok(())
}

fn write_layer(to: &mut Vec<u8>, layer: &Layer, channels: usize, levels: impl Fn(usize) -> i16) {
    put_u16(to, layer.input);
    put_u16(to, layer.channels());
    match &layer.gather {
        Gather::Window { kernel, stride, before, after } => {
            to.push(WINDOW);
            to.extend([kernel, stride, before, after].map(|&n| n as u8));
        }
        Gather::Depthwise { stride, weights } => {
            to.extend([DEPTHWISE, *stride as u8]);
            let by_channel: Vec<f32> =
                (0..channels).flat_map(|c| weights.iter().skip(c).step_by(channels).copied()).collect();
            write_rows(to, &by_channel, 9, &levels);
        }
    }
    match layer.residual {
        None => to.push(NO_RESIDUAL),
        Some(residual) => {
            to.push(if residual.pooled { POOLED_RESIDUAL } else { RESIDUAL });
            put_u16(to, residual.tensor);
        }
    }
    match &layer.activation {
        Activation::Linear => to.push(LINEAR),
        Activation::Relu => to.push(RELU),
        Activation::Prelu(slopes) => {
            to.push(PRELU);
            put_halves(to, slopes);
        }
    }
    put_halves(to, &layer.bias);
    write_rows(to, &layer.weights, layer.gather.depth(channels), &levels);
}

/// Rounds each row to multiples of its own scale.
fn write_rows(to: &mut Vec<u8>, values: &[f32], length: usize, levels: &impl Fn(usize) -> i16) {
    let mut scales = Vec::new();
    let mut numbers: Vec<[u8; 2]> = Vec::with_capacity(values.len());
    let mut is_wide = false;
    for (position, row) in values.chunks_exact(length).enumerate() {
        let levels = levels(position);
        is_wide |= levels > i8::MAX.into();
        let levels = f32::from(levels);
        let scale = scale(row, levels);
        let step = scale.to_f32();
        let number = |v: f32| if step > 0.0 { (v / step).round().clamp(-levels, levels) as i16 } else { 0 };
        scales.push(scale);
        numbers.extend(row.iter().map(|&v| number(v).to_le_bytes()));
    }
    to.push(if is_wide { WIDE } else { NARROW });
    scales.iter().for_each(|scale| to.extend(scale.to_le_bytes()));
    to.extend(numbers.iter().map(|[low, _]| low));
    if is_wide {
        to.extend(numbers.iter().map(|[_, high]| high));
    }
}

/// Distance between two neighbouring values that a row of weights can be rounded to, with this greatest integer.
pub fn step(row: &[f32], levels: i16) -> f32 {
    scale(row, levels.into()).to_f32()
}

/// The smallest scale with which the whole row fits. It is rounded up to 16 bits before the weights are divided by it,
/// so that this rounding adds no error.
fn scale(row: &[f32], levels: f32) -> f16 {
    let greatest = row.iter().fold(0.0, |greatest: f32, v| greatest.max(v.abs()));
    let exact = greatest / levels;
    let near = f16::from_f32(exact);
    if near.to_f32() < exact { f16::from_bits(near.to_bits() + 1) } else { near }
}

fn put_u16(to: &mut Vec<u8>, number: usize) {
    to.extend((number as u16).to_le_bytes());
}

fn put_halves(to: &mut Vec<u8>, values: &[f32]) {
    values.iter().for_each(|&v| to.extend(f16::from_f32(v).to_le_bytes()));
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> =
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    bytes.filter(|bytes| bytes.len() == 32)
}
