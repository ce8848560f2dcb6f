//! Packed models: parsed, planned, and run if they are small enough.

use engine_compact::{Backend, CompactNetwork, Graph, Pack};

/// More multiplications than this would slow the fuzzer down without finding anything new.
const MOST_WORK: usize = 4_000_000;

/// Takes any bytes as the body of a pack and adds a matching header. They are refused or give networks that run.
pub fn run(bytes: &[u8]) {
    // Without a header added, they test how headers are parsed.
    let _ = Pack::from_bytes(bytes);
    let Ok(pack) = Pack::from_bytes(&sealed(bytes)) else { return };
    for graph in &pack.graphs {
        if work(graph) > MOST_WORK {
            continue;
        }
        let Ok(mut network) = CompactNetwork::new(graph, Backend::best()) else { continue };
        let mut outputs = vec![Vec::new(); graph.outputs.len()];
        engine::Network::run(&mut network, &vec![0.5; graph.input.len()], &mut outputs).unwrap();
    }
}

/// The bytes with a matching header in front.
pub(crate) fn sealed(rest: &[u8]) -> Vec<u8> {
    let mut pack = b"BGNP".to_vec();
    for number in [1, rest.len() as u32, adler2::adler32_slice(rest)] {
        pack.extend(number.to_le_bytes());
    }
    pack.extend_from_slice(rest);
    pack
}

fn work(graph: &Graph) -> usize {
    let shapes = graph.shapes().unwrap();
    let multiplications = graph.layers.iter().zip(&shapes[1..]).map(|(layer, output)| {
        // Each tensor has its own memory, so it counts as work even without multiplications.
        output.len().saturating_mul(1 + layer.gather.depth(shapes[layer.input].channels))
    });
    multiplications.fold(graph.input.len(), usize::saturating_add)
}
