//! Compensation: rounds the weights of a graph so that the outputs of its layers change least, rather than the weights.
//!
//! The inputs of a layer are correlated. So the weights of a row that are not rounded yet can make up for the error of
//! rounding a weight (Frantar et al., "GPTQ", 2022), based on the inputs that occur on a set of pictures. The remaining mean
//! error goes into the bias. This costs no bytes.

use anyhow::Context as _;
use engine::Network as _;
use engine_compact::{Backend, CompactNetwork, Gather, Graph, Layer, Shape, step};

use crate::error_shares::shares;

/// Number of inputs per layer that are sampled from one picture.
const SAMPLES: usize = 48;

/// The graph with rounded weights and adjusted biases. `inputs` are sample inputs. `levels` is the same as for
/// [`engine_compact::Pack::to_bytes`], which then has nothing left to round.
///
/// # Errors
/// If the graph's parts do not fit together.
pub fn compensate(graph: &Graph, inputs: &[Vec<f32>], levels: impl Fn(usize, usize) -> i16) -> anyhow::Result<Graph> {
    let shapes = graph.shapes()?;
    let mut samples: Vec<Samples> = graph.layers.iter().map(|_| Samples::default()).collect();
    let rounded_taps: Vec<Option<Vec<f32>>> = graph
        .layers
        .iter()
        .enumerate()
        .map(|(position, layer)| match &layer.gather {
            Gather::Depthwise { weights, .. } => Some(round_taps(weights, |channel| levels(position, channel))),
            Gather::Window { .. } => None,
        })
        .collect();
    let every = Graph { outputs: (1..=graph.layers.len()).map(|tensor| vec![tensor]).collect(), ..graph.clone() };
    // The scalar backend gives the same results on every machine.
    let mut network = CompactNetwork::new(&every, Backend::Scalar)?;
    let mut tensors = vec![Vec::new(); graph.layers.len()];
    for (index, input) in inputs.iter().enumerate() {
        network.run(input, &mut tensors).context("cannot run the graph on its pictures")?;
        for (position, layer) in graph.layers.iter().enumerate() {
            let from = if layer.input == 0 { input } else { &tensors[layer.input - 1] };
            let shapes = (shapes[layer.input], shapes[position + 1]);
            samples[position].add(layer, rounded_taps[position].as_deref(), from, shapes, index);
        }
    }
    let layers = graph.layers.iter().zip(samples).zip(rounded_taps).enumerate();
    let layers = layers.map(|(position, ((layer, samples), taps))| {
        let mut layer = layer.clone();
        samples.round(&mut layer, |row| levels(position, row));
        if let (Gather::Depthwise { weights, .. }, Some(taps)) = (&mut layer.gather, taps) {
            *weights = taps;
        }
        layer
    });
    Ok(Graph { layers: layers.collect(), ..graph.clone() })
}

/// Rounds the taps of a depthwise convolution (nine rows with a value per channel), channel by channel.
fn round_taps(weights: &[f32], levels: impl Fn(usize) -> i16) -> Vec<f32> {
    let channels = weights.len() / 9;
    let mut rounded = weights.to_vec();
    for channel in 0..channels {
        let taps: Vec<f32> = weights.iter().skip(channel).step_by(channels).copied().collect();
        let (levels, step) = (f32::from(levels(channel)), step(&taps, levels(channel)));
        for (to, tap) in rounded.iter_mut().skip(channel).step_by(channels).zip(taps) {
            *to = nearest(tap, step, levels) * step;
        }
    }
    rounded
}

fn nearest(value: f32, step: f32, levels: f32) -> f32 {
    if step > 0.0 { (value / step).round().clamp(-levels, levels) } else { 0.0 }
}

/// Sampled inputs of a layer's matrix, pixel by pixel.
#[derive(Default)]
struct Samples {
    /// Computed with the full depthwise weights.
    full: Vec<f32>,
    /// Computed with the rounded depthwise weights, if the layer has any.
    rounded: Vec<f32>,
}

impl Samples {
    fn add(
        &mut self,
        layer: &Layer,
        taps: Option<&[f32]>,
        from: &[f32],
        (input, output): (Shape, Shape),
        index: usize,
    ) {
        let pixels = output.height * output.width;
        // Different pixels of each picture.
        let pace = pixels.div_ceil(SAMPLES);
        for pixel in (index % pace..pixels).step_by(pace) {
            let at = (pixel / output.width, pixel % output.width);
            match &layer.gather {
                &Gather::Window { kernel, stride, before, .. } => {
                    window(from, input, at, (kernel, stride, before), |values| match values {
                        Some(values) => self.full.extend(values),
                        None => self.full.extend(std::iter::repeat_n(0.0, input.channels)),
                    });
                }
                Gather::Depthwise { stride, weights } => {
                    for (to, weights) in [(&mut self.full, Some(&weights[..])), (&mut self.rounded, taps)] {
                        let Some(weights) = weights else { continue };
                        let start = to.len();
                        to.resize(start + input.channels, 0.0);
                        let mut rows = weights.chunks_exact(input.channels);
                        window(from, input, at, (3, *stride, usize::from(*stride == 1)), |values| {
                            let row = rows.next().unwrap_or_default();
                            for (to, (value, weight)) in
                                to[start..].iter_mut().zip(values.unwrap_or_default().iter().zip(row))
                            {
                                *to += value * weight;
                            }
                        });
                    }
                }
            }
        }
    }

    /// Rounds the layer's weights and corrects its bias.
    fn round(&self, layer: &mut Layer, levels: impl Fn(usize) -> i16) {
        let depth = layer.weights.len() / layer.bias.len();
        let mean = mean(&self.full, depth);
        let seen = if self.rounded.is_empty() { mean.clone() } else { self::mean(&self.rounded, depth) };
        let share = shares(&self.full, &mean);
        for (position, (row, bias)) in layer.weights.chunks_exact_mut(depth).zip(&mut layer.bias).enumerate() {
            let before = dot(row, &mean);
            round_row(row, &share, levels(position));
            *bias += (before - dot(row, &seen)) as f32;
        }
    }
}

/// The pixels of one window, from the top left; `None` outside the picture.
fn window<'a>(
    from: &'a [f32],
    shape: Shape,
    (row, column): (usize, usize),
    (kernel, stride, before): (usize, usize, usize),
    mut take: impl FnMut(Option<&'a [f32]>),
) {
    for tap in 0..kernel * kernel {
        let position =
            |at: usize, tap: usize, side: usize| (at * stride + tap).checked_sub(before).filter(|&at| at < side);
        let at = position(row, tap / kernel, shape.height).zip(position(column, tap % kernel, shape.width));
        take(at.map(|(y, x)| &from[(y * shape.width + x) * shape.channels..][..shape.channels]));
    }
}

fn mean(samples: &[f32], depth: usize) -> Vec<f64> {
    let mut sums = vec![0.0; depth];
    for sample in samples.chunks_exact(depth) {
        sums.iter_mut().zip(sample).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    let count = (samples.len() / depth) as f64;
    sums.iter().map(|sum| sum / count).collect()
}

fn dot(row: &[f32], values: &[f64]) -> f64 {
    row.iter().zip(values).map(|(&weight, value)| f64::from(weight) * value).sum()
}

/// Rounds a row weight by weight. The largest weight keeps its integer value, so that the scale does not change.
fn round_row(row: &mut [f32], shares: &[Vec<f64>], levels: i16) {
    let (step, levels) = (step(row, levels), f32::from(levels));
    let largest = (0..row.len()).max_by(|&a, &b| row[a].abs().total_cmp(&row[b].abs()));
    let end = largest.map_or(0.0, |at| nearest(row[at], step, levels));
    let mut wanted: Vec<f64> = row.iter().map(|&weight| weight.into()).collect();
    for (i, share) in shares.iter().enumerate() {
        let number = if largest == Some(i) { end } else { nearest(wanted[i] as f32, step, levels) };
        row[i] = number * step;
        let error = wanted[i] - f64::from(row[i]);
        // Change the later weights so that the output stays as close as possible despite this error.
        wanted[i + 1..].iter_mut().zip(share).for_each(|(wanted, share)| *wanted += share * error);
    }
}

#[cfg(test)]
mod tests {
    use engine_compact::{Activation, Pack};

    use super::*;

    const DEPTH: usize = 12;
    const ROWS: usize = 5;
    const LEVELS: i16 = 7;

    fn random(count: usize, seed: u32) -> impl Iterator<Item = f32> {
        let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 * 2.0 - 1.0
        })
        .take(count)
    }

    /// A graph with one layer, which may contain a depthwise convolution.
    fn graph(gather: Gather) -> Graph {
        let layer = Layer {
            input: 0,
            gather,
            weights: random(DEPTH * ROWS, 1).collect(),
            bias: vec![0.25; ROWS],
            residual: None,
            activation: Activation::Linear,
        };
        Graph { input: Shape { height: 8, width: 8, channels: DEPTH }, layers: vec![layer], outputs: vec![vec![1]] }
    }

    fn graphs() -> [Graph; 2] {
        let taps = random(9 * DEPTH, 2).map(|tap| tap + 0.5).collect();
        [
            graph(Gather::Window { kernel: 1, stride: 1, before: 0, after: 0 }),
            graph(Gather::Depthwise { stride: 1, weights: taps }),
        ]
    }

    /// Pixels with correlated channels: twelve mixtures of three causes, offset from zero.
    fn input(seed: u32) -> Vec<f32> {
        let mixture: Vec<f32> = random(3 * DEPTH, 3).collect();
        let causes: Vec<f32> = random(3 * 64, seed).collect();
        let channel = |causes: &[f32], c: usize| 1.0 + (0..3).map(|i| causes[i] * mixture[i * DEPTH + c]).sum::<f32>();
        causes.chunks_exact(3).flat_map(|causes| (0..DEPTH).map(|c| channel(causes, c)).collect::<Vec<_>>()).collect()
    }

    fn packed(graph: &Graph) -> Graph {
        let graphs = [(); 4].map(|()| graph.clone());
        let bytes = Pack { source: "00".repeat(32), graphs }.to_bytes(|_, _, _| LEVELS).unwrap();
        let Pack { graphs: [graph, ..], .. } = Pack::from_bytes(&bytes).unwrap();
        graph
    }

    fn run(graph: &Graph, input: &[f32]) -> Vec<f32> {
        let mut outputs = [Vec::new()];
        CompactNetwork::new(graph, Backend::Scalar).unwrap().run(input, &mut outputs).unwrap();
        outputs.concat()
    }

    #[test]
    fn a_pack_has_nothing_left_to_round() {
        for graph in graphs() {
            let compensated = compensate(&graph, &[input(4)], |_, _| LEVELS).unwrap();
            assert_ne!(
                compensated.layers[0].weights,
                packed(&graph).layers[0].weights,
                "compensation changed something"
            );
            let packed = packed(&compensated);
            assert_eq!(packed.layers[0].weights, compensated.layers[0].weights);
            assert_eq!(packed.layers[0].gather, compensated.layers[0].gather);
        }
    }

    #[test]
    fn outputs_for_unseen_inputs_change_less_than_with_each_weight_rounded_alone() {
        for graph in graphs() {
            let seen: Vec<Vec<f32>> = (4..8).map(input).collect();
            let compensated = packed(&compensate(&graph, &seen, |_, _| LEVELS).unwrap());
            let unseen = input(9);
            let expected = run(&graph, &unseen);
            let off = |graph: &Graph| {
                run(graph, &unseen).iter().zip(&expected).map(|(got, expected)| (got - expected).powi(2)).sum::<f32>()
            };
            let (ours, plain) = (off(&compensated), off(&packed(&graph)));
            assert!(ours < plain / 3.0, "squared error {ours}, and {plain} with each weight rounded alone");
        }
    }
}
