//! Every kind of layer with many shapes, on every instruction set of this machine, against the simplest way to compute
//! it.

use engine::Network as _;
use engine_compact::{Activation, Backend, CompactNetwork, Gather, Graph, Layer, Residual, Shape};

/// Reproducible pseudo-random numbers (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn upto(&mut self, most: usize) -> usize {
        1 + (self.next() % most as u64) as usize
    }

    fn coin(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    /// Two layers: the first makes a tensor whose borders and padding channels must not affect the second.
    fn graph(&mut self) -> Graph {
        let even = |side: usize| side.next_multiple_of(2);
        let input = Shape { height: even(self.upto(20)), width: even(self.upto(30)), channels: self.upto(40) };
        let kernel = [1, 1, 2, 3, 5][(self.next() % 5) as usize].min(input.height.min(input.width));
        let first = Gather::Window { kernel, stride: 1, before: (kernel - 1) / 2, after: kernel / 2 };
        let mut graph = Graph { input, layers: Vec::new(), outputs: Vec::new() };
        self.add_layer(&mut graph, 0, first, None);
        let shape = graph.shapes().unwrap()[1];
        let second = if self.coin() {
            Gather::Depthwise { stride: self.upto(2), weights: self.values(9 * shape.channels) }
        } else {
            let kernel = self.upto(3).min(shape.height.min(shape.width));
            Gather::Window { kernel, stride: self.upto(2), before: self.upto(2) - 1, after: self.upto(2) - 1 }
        };
        let residual = self.coin().then_some(Residual { tensor: 1, pooled: self.coin() });
        self.add_layer(&mut graph, 1, second, residual);
        if graph.shapes().is_err() {
            // The residual does not fit.
            graph.layers[1].residual = None;
        }
        graph.outputs = vec![vec![1], vec![2, 1], vec![2]];
        graph
    }

    fn add_layer(&mut self, graph: &mut Graph, input: usize, gather: Gather, residual: Option<Residual>) {
        let from = graph.shapes().unwrap()[input].channels;
        // A residual may have fewer channels than the layer, not more.
        let channels = self.upto(40) + if residual.is_some() { from } else { 0 };
        let activation = match self.next() % 3 {
            0 => Activation::Linear,
            1 => Activation::Relu,
            _ => Activation::Prelu(self.values(channels)),
        };
        let weights = self.values(channels * gather.depth(from));
        graph.layers.push(Layer { input, gather, weights, bias: self.values(channels), residual, activation });
    }
}

/// One tensor, channels last; 0 outside.
struct Plain {
    shape: Shape,
    values: Vec<f32>,
}

impl Plain {
    fn at(&self, y: isize, x: isize, channel: usize) -> f32 {
        let inside = |at: isize, side: usize| usize::try_from(at).ok().filter(|&at| at < side);
        match (inside(y, self.shape.height), inside(x, self.shape.width)) {
            (Some(y), Some(x)) if channel < self.shape.channels => {
                self.values[(y * self.shape.width + x) * self.shape.channels + channel]
            }
            _ => 0.0,
        }
    }

    fn gathered(&self, gather: &Gather, y: usize, x: usize) -> Vec<f32> {
        let channels = self.shape.channels;
        match gather {
            &Gather::Window { kernel, stride, before, .. } => {
                let place = |at: usize, tap: usize| (at * stride + tap) as isize - before as isize;
                let taps = (0..kernel).flat_map(|ky| (0..kernel).map(move |kx| (ky, kx)));
                let pixel = |(ky, kx)| (0..channels).map(move |c| self.at(place(y, ky), place(x, kx), c));
                taps.flat_map(pixel).collect()
            }
            Gather::Depthwise { stride, weights } => {
                let before = if *stride == 1 { 1 } else { 0 };
                let place = |at: usize, tap: usize| (at * stride + tap) as isize - before;
                let sum = |c: usize| {
                    (0..9)
                        .map(|tap| weights[tap * channels + c] * self.at(place(y, tap / 3), place(x, tap % 3), c))
                        .sum()
                };
                (0..channels).map(sum).collect()
            }
        }
    }

    fn added(&self, residual: &Residual, y: usize, x: usize, channel: usize) -> f32 {
        if !residual.pooled {
            return self.at(y as isize, x as isize, channel);
        }
        let corners = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let corner = |(dy, dx)| self.at((2 * y + dy) as isize, (2 * x + dx) as isize, channel);
        corners.map(corner).into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

/// All tensors of a graph, computed one value at a time.
fn plainly(graph: &Graph, input: Vec<f32>) -> Vec<Plain> {
    let shapes = graph.shapes().unwrap();
    let mut tensors = vec![Plain { shape: graph.input, values: input }];
    for (layer, &shape) in graph.layers.iter().zip(&shapes[1..]) {
        let mut values = Vec::new();
        for (y, x) in (0..shape.height).flat_map(|y| (0..shape.width).map(move |x| (y, x))) {
            let gathered = tensors[layer.input].gathered(&layer.gather, y, x);
            for (channel, row) in layer.weights.chunks_exact(gathered.len()).enumerate() {
                let product: f32 = row.iter().zip(&gathered).map(|(w, v)| w * v).sum();
                let residual = |r: &Residual| tensors[r.tensor].added(r, y, x, channel);
                let sum = product + layer.bias[channel] + layer.residual.as_ref().map_or(0.0, residual);
                values.push(match &layer.activation {
                    Activation::Linear => sum,
                    Activation::Relu => sum.max(0.0),
                    Activation::Prelu(slopes) => {
                        if sum < 0.0 {
                            sum * slopes[channel]
                        } else {
                            sum
                        }
                    }
                });
            }
        }
        tensors.push(Plain { shape, values });
    }
    tensors
}

#[test]
fn layers_of_any_shape_agree_with_the_simple_computation() {
    let mut chance = Chance(0x5eed_5eed_5eed_5eed);
    for case in 0..400 {
        let graph = chance.graph();
        let input = chance.values(graph.input.len());
        let tensors = plainly(&graph, input.clone());
        for backend in [Backend::Scalar, Backend::best()] {
            let mut network = CompactNetwork::new(&graph, backend).unwrap();
            let mut outputs = vec![Vec::new(); 3];
            // Twice: the first run's leftovers must not affect the second.
            network.run(&chance.values(graph.input.len()), &mut outputs).unwrap();
            network.run(&input, &mut outputs).unwrap();
            for (output, members) in outputs.iter().zip(&graph.outputs) {
                let expected: Vec<f32> = members.iter().flat_map(|&tensor| tensors[tensor].values.clone()).collect();
                assert_eq!(output.len(), expected.len(), "case {case} on {backend:?}");
                let greatest = expected.iter().fold(1.0, |greatest: f32, v| greatest.max(v.abs()));
                for (got, expected) in output.iter().zip(&expected) {
                    assert!((got - expected).abs() <= 1e-4 * greatest, "case {case} on {backend:?}: {got}, {expected}");
                }
            }
        }
    }
}

#[test]
fn graphs_that_do_not_fit_together_are_rejected() {
    let graph = || Chance(7).graph();
    let mut broken: Vec<(&str, Graph)> = Vec::new();
    let mut add = |what, change: fn(&mut Graph)| {
        let mut graph = graph();
        change(&mut graph);
        broken.push((what, graph));
    };
    add("a weight is missing", |g| g.layers[0].weights.truncate(1));
    add("a bias is missing", |g| g.layers[1].bias.truncate(0));
    add("a layer reads its own result", |g| g.layers[0].input = 1);
    add("an output does not exist", |g| g.outputs.push(vec![3]));
    add("a slope is missing", |g| g.layers[0].activation = Activation::Prelu(Vec::new()));
    add("the addend has another shape", |g| {
        g.layers[0].residual = Some(Residual { tensor: 0, pooled: true });
    });
    add("a stride of 0", |g| {
        g.layers[0].gather = Gather::Window { kernel: 1, stride: 0, before: 0, after: 0 };
    });
    add("nothing goes in", |g| g.input.width = 0);
    for (what, graph) in broken {
        assert!(CompactNetwork::new(&graph, Backend::Scalar).is_err(), "{what}");
    }
    let mut network = CompactNetwork::new(&graph(), Backend::best()).unwrap();
    let input = vec![0.0; network.input_len()];
    assert!(network.run(&input[1..], &mut vec![Vec::new(); 3]).is_err(), "an input that is too short");
    assert!(network.run(&input, &mut vec![Vec::new(); 2]).is_err(), "an output too few");
}
