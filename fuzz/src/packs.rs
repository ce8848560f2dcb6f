//! Packed models: read, planned, and run where that is little work.

use engine_compact::{Backend, CompactNetwork, Graph, Pack};

/// More multiplications than this would make the fuzzer slow and find nothing else.
const MOST_WORK: usize = 4_000_000;

/// Any bytes as what follows a pack's header, which is made to fit: they are refused or make networks that run.
pub fn run(bytes: &[u8]) {
    // As they are, they say something about the header.
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

/// The header that these bytes call for, and the bytes.
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
        // A tensor has memory of its own, so it is work even if nothing is multiplied for it.
        output.len().saturating_mul(1 + layer.gather.depth(shapes[layer.input].channels))
    });
    multiplications.fold(graph.input.len(), usize::saturating_add)
}
