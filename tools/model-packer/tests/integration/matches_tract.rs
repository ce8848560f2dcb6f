//! The compact runtime compared with tract: layer by layer and for whole networks, with full and with rounded weights.

use std::path::Path;

use engine::Network as _;
use engine::detect;
use engine::mesh::landmarks::{LEFT_EYE_READ, LEFT_EYE_REFINED, RIGHT_EYE_READ, RIGHT_EYE_REFINED};
use engine::mesh::{short_eye_layout, short_layout};
use engine_compact::{Activation, Backend, CompactNetwork, Gather, Graph, Pack};
use engine_tract::FILE_NAMES;
use model_packer::lower::{Lowered, lower};
use model_packer::onnx::Model;

/// Relative to the largest value of a tensor, since rounding errors grow with it.
const TOLERANCE: f32 = 1e-4;

/// In pixels, for points of the mesh and the lids.
const TOLERANCE_PX: f32 = 1e-3;

fn model(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(name)).unwrap()
}

fn lowered(onnx: &[u8]) -> Lowered {
    lower(&Model::parse(onnx).unwrap()).unwrap()
}

/// Pseudo-random values from −1 to 1, the same in every run (xorshift).
fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn run(graph: &Graph, backend: Backend, input: &[f32]) -> Vec<Vec<f32>> {
    let mut outputs = vec![Vec::new(); graph.outputs.len()];
    CompactNetwork::new(graph, backend).unwrap().run(input, &mut outputs).unwrap();
    outputs
}

fn max_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn max_magnitude(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |max: f32, v| max.max(v.abs()))
}

#[test]
fn every_layer_gives_what_tract_gives() {
    for name in FILE_NAMES {
        let onnx = model(name);
        let Lowered { mut graph, sources } = lowered(&onnx);
        let names: Vec<String> = sources.into_iter().map(|source| source.value).collect();
        graph.outputs = (1..=graph.layers.len()).map(|tensor| vec![tensor]).collect();
        let input = noise(graph.input.len(), 1);
        let expected = engine_tract::values(&onnx, &names, &input).unwrap();
        for backend in [Backend::Scalar, Backend::best()] {
            let got = run(&graph, backend, &input);
            for ((layer, own), (expected, got)) in graph.layers.iter().zip(&names).zip(expected.iter().zip(&got)) {
                let expected = transposed(expected, expected.len() / layer.channels());
                let off = max_difference(&expected, got) / max_magnitude(&expected);
                assert!(off <= TOLERANCE, "{name}, {own} on {backend:?}: off by {off}");
            }
        }
    }
}

#[test]
fn whole_networks_give_what_tract_gives_in_every_run() {
    let bytes = FILE_NAMES.map(model);
    let [detector, trunk, eye_right, eye_left] = bytes.each_ref().map(Vec::as_slice);
    let files = engine_tract::ModelFiles { detector, trunk, eye_right, eye_left };
    let networks = engine_tract::Models::load(&files).unwrap().networks();
    let references = [networks.detector, networks.trunk, networks.eye_right, networks.eye_left];
    for (mut reference, onnx) in references.into_iter().zip(&bytes) {
        let Lowered { graph, .. } = lowered(onnx);
        let mut network = CompactNetwork::new(&graph, Backend::best()).unwrap();
        assert_eq!(network.input_len(), reference.input_len());
        let mut outputs = [vec![Vec::new(); graph.outputs.len()], vec![Vec::new(); graph.outputs.len()]];
        for seed in 1..4 {
            let input = noise(graph.input.len(), seed);
            network.run(&input, &mut outputs[0]).unwrap();
            reference.run(&input, &mut outputs[1]).unwrap();
            for (got, expected) in outputs[0].iter().zip(&outputs[1]) {
                let off = max_difference(got, expected) / max_magnitude(expected);
                assert!(off <= TOLERANCE, "input {seed}: off by {off}");
            }
        }
    }
}

/// The positions of what the pack has of `len` rows or outputs of the network in `file`.
fn short(file: &str, len: usize) -> Vec<usize> {
    let [detector, trunk, eye_right, _] = FILE_NAMES;
    match file {
        _ if file == detector => detect::short_layout(len).collect(),
        _ if file == trunk => short_layout().collect(),
        _ if file == eye_right => short_eye_layout(&RIGHT_EYE_REFINED, &RIGHT_EYE_READ).collect(),
        _ => short_eye_layout(&LEFT_EYE_REFINED, &LEFT_EYE_READ).collect(),
    }
}

/// The ONNX `file` with the weights of the pack, as far as the pack has them. Its depthwise biases become 0, since the pack's
/// biases include them.
fn rounded(file: &str, packed: &Graph) -> Vec<u8> {
    let mut model = Model::parse(&model(file)).unwrap();
    let sources = lower(&model).unwrap().sources;
    let mut set = |name: &str, values: Vec<f32>, rows: usize| {
        let tensor = model.graph.initializer.iter_mut().find(|tensor| tensor.name == name).unwrap();
        let mut whole = tensor.floats().unwrap();
        if whole.len() == values.len() {
            whole = values;
        } else {
            let depth = values.len() / rows;
            let places = short(file, whole.len() / depth);
            assert_eq!(places.len(), rows, "{name}");
            for (place, of_pack) in places.into_iter().zip(values.chunks_exact(depth)) {
                whole[place * depth..][..depth].copy_from_slice(of_pack);
            }
        }
        tensor.set_floats(&whole);
    };
    for (source, layer) in sources.iter().zip(&packed.layers) {
        let [weights, bias] = &source.matrix;
        let rows = layer.channels();
        set(bias, layer.bias.clone(), rows);
        match &layer.gather {
            Gather::Window { kernel, .. } => {
                let taps = kernel * kernel;
                let of_rows = layer.weights.chunks_exact(layer.weights.len() / rows);
                set(weights, of_rows.flat_map(|row| transposed(row, row.len() / taps)).collect(), rows);
            }
            Gather::Depthwise { weights: taps, .. } => {
                let [inner_weights, inner_bias] = source.depthwise.as_ref().unwrap();
                set(weights, layer.weights.clone(), rows);
                set(inner_weights, transposed(taps, taps.len() / 9), taps.len() / 9);
                set(inner_bias, vec![0.0; taps.len() / 9], taps.len() / 9);
            }
        }
        if let (Some(name), Activation::Prelu(slopes)) = (&source.slopes, &layer.activation) {
            set(name, slopes.clone(), rows);
        }
    }
    model.to_bytes()
}

/// Transposes rows of `width` values.
fn transposed(values: &[f32], width: usize) -> Vec<f32> {
    (0..width).flat_map(|column| values[column..].iter().step_by(width).copied()).collect()
}

#[test]
fn rounded_weights_give_what_tract_gives_with_the_same_rounded_weights() {
    let pack = Pack::from_bytes(&model(engine_compact::FILE_NAME)).unwrap();
    for (name, packed) in FILE_NAMES.into_iter().zip(&pack.graphs) {
        let onnx = rounded(name, packed);
        let names: Vec<String> = Model::parse(&onnx).unwrap().graph.output.into_iter().map(|o| o.name).collect();
        for seed in 1..4 {
            let input: Vec<f32> = noise(packed.input.len(), seed).iter().map(|v| (v + 1.0) / 2.0).collect();
            let expected = engine_tract::values(&onnx, &names, &input).unwrap();
            for (got, expected) in run(packed, Backend::best(), &input).iter().zip(&expected) {
                let is_short = got.len() < expected.len();
                let read =
                    is_short.then(|| short(name, expected.len()).into_iter().map(|place| expected[place]).collect());
                let expected: &Vec<f32> = read.as_ref().unwrap_or(expected);
                let off = max_difference(got, expected);
                assert!(off <= TOLERANCE_PX, "{name}: off by {off}");
            }
        }
    }
}

#[test]
fn the_committed_pack_is_what_the_onnx_files_give() {
    let made = model_packer::pack(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")).unwrap();
    assert!(made == model(engine_compact::FILE_NAME), "run model-packer");
    let pack = Pack::from_bytes(&made).unwrap();
    assert_eq!(pack.source, engine_tract::models_id());
    assert_eq!(pack.to_bytes(model_packer::levels::levels).unwrap(), made, "rounding changes no rounded weight");
}
