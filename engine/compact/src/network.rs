//! Networks: a planned graph with its own buffers, behind the engine's trait.

use std::sync::Arc;

use engine::{Network, NetworkError, Networks};

use crate::graph::{Graph, GraphError};
use crate::kernels::Backend;
use crate::pack::{Pack, PackError};
use crate::plan::{Buffers, Plan};

/// A network that runs on this runtime. Does not allocate once its outputs have their size.
pub struct CompactNetwork {
    plan: Arc<Plan>,
    buffers: Buffers,
}

impl CompactNetwork {
    /// Plans `graph` for an instruction set.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub fn new(graph: &Graph, backend: Backend) -> Result<CompactNetwork, GraphError> {
        Ok(CompactNetwork::of(Arc::new(Plan::new(graph, backend)?)))
    }

    fn of(plan: Arc<Plan>) -> CompactNetwork {
        CompactNetwork { buffers: plan.buffers(), plan }
    }
}

impl Network for CompactNetwork {
    fn input_len(&self) -> usize {
        self.plan.input().len()
    }

    fn run(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), NetworkError> {
        let shape = |tensor, expected, got| Err(NetworkError::Shape { tensor, expected, got });
        if input.len() != self.input_len() {
            return shape("input", self.input_len(), input.len());
        }
        if outputs.len() != self.plan.outputs() {
            return shape("outputs", self.plan.outputs(), outputs.len());
        }
        self.plan.run(&mut self.buffers, input, outputs);
        Ok(())
    }
}

/// The four networks of a pack: planned once, then shared by any number of [`Networks`].
#[derive(Clone)]
pub struct Models {
    source: String,
    plans: [Arc<Plan>; 4],
}

impl Models {
    /// Reads a pack and plans its networks for the fastest instruction set of this machine.
    ///
    /// # Errors
    /// [`PackError`], which says what was expected and what was found.
    pub fn load(pack: &[u8]) -> Result<Models, PackError> {
        let Pack { source, graphs } = Pack::from_bytes(pack)?;
        let plan = |graph: &Graph| Ok::<_, PackError>(Arc::new(Plan::new(graph, Backend::best())?));
        let [detector, trunk, eye_right, eye_left] = &graphs;
        Ok(Models { source, plans: [plan(detector)?, plan(trunk)?, plan(eye_right)?, plan(eye_left)?] })
    }

    /// Names the model files that the pack was made from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// A new set of networks with its own buffers.
    pub fn networks(&self) -> Networks {
        let [detector, trunk, eye_right, eye_left] =
            self.plans.each_ref().map(|plan| -> Box<dyn Network> { Box::new(CompactNetwork::of(Arc::clone(plan))) });
        Networks { id: self.source.clone(), detector, trunk, eye_right, eye_left }
    }
}
