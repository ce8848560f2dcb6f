//! Generates the seed inputs.

use engine::jpeg::encode;
use engine::{Frame, Picture};
use engine_compact::{Activation, Gather, Graph, Layer, Pack, Residual, Shape};

use crate::transcript;

/// Every target with its seed inputs.
pub fn all() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    vec![
        #[cfg(feature = "upload")]
        ("upload", crate::upload::seeds()),
        ("transcript", transcript::seeds()),
        ("jpeg", pictures()),
        ("score", vec![portrait()]),
        ("packs", vec![pack()]),
    ]
}

/// Small abstract pictures: flat, a ramp, stripes.
fn pictures() -> Vec<Vec<u8>> {
    let of = |pixel: fn(usize, usize) -> u8, width, height| {
        let rgb: Vec<u8> = (0..width * height).flat_map(|i| [pixel(i % width, i / width), 90, 120]).collect();
        jpeg(&Picture::from_rgb(&rgb, width, height).unwrap().as_frame())
    };
    vec![
        of(|_, _| 128, 96, 96),
        of(|x, y| (x + y) as u8, 97, 113),
        of(|x, _| if x % 16 < 8 { 20 } else { 230 }, 96, 128),
    ]
}

/// The public-domain portrait as a capture. The picture is not copied into the corpus folder.
fn portrait() -> Vec<u8> {
    let bytes: &[u8] = include_bytes!("../../tools/clip-maker/astronaut.png");
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    let (width, side, left, top) = (info.width as usize, 256, 96, 0);
    let row = |y: usize| &rgb[((top + y) * width + left) * 3..][..side * 3];
    let face: Vec<u8> = (0..side).flat_map(row).copied().collect();
    jpeg(&Picture::from_rgb(&face, side, side).unwrap().as_frame())
}

fn jpeg(frame: &Frame) -> Vec<u8> {
    encode(frame, 32_000).unwrap().unwrap().bytes
}

/// A pack of four small networks that use every feature, without its header.
fn pack() -> Vec<u8> {
    let layer = |input, channels: usize, gather: Gather, from: usize, activation| Layer {
        input,
        weights: (0..channels * gather.depth(from)).map(|i| (i % 7) as f32 - 3.0).collect(),
        gather,
        bias: vec![0.5; channels],
        residual: None,
        activation,
    };
    let window = |kernel, stride| Gather::Window { kernel, stride, before: kernel / 2, after: kernel / 2 };
    let depthwise = |stride, channels: usize| Gather::Depthwise { stride, weights: vec![0.25; 9 * channels] };
    let mut layers = vec![
        layer(0, 4, window(3, 1), 3, Activation::Relu),
        layer(1, 4, depthwise(1, 4), 4, Activation::Prelu(vec![0.1; 4])),
        layer(2, 6, depthwise(2, 4), 4, Activation::Linear),
        layer(3, 2, window(1, 1), 6, Activation::Linear),
    ];
    layers[1].residual = Some(Residual { tensor: 1, pooled: false });
    layers[2].residual = Some(Residual { tensor: 2, pooled: true });
    let input = Shape { height: 8, width: 8, channels: 3 };
    let graph = Graph { input, layers, outputs: vec![vec![4], vec![3, 1]] };
    let pack = Pack { source: "ab".repeat(32), graphs: [graph.clone(), graph.clone(), graph.clone(), graph] };
    pack.to_bytes(|graph, _, _| if graph == 0 { 127 } else { 2000 }).unwrap()[16..].to_vec()
}
