//! Reading packs. Every size is checked against the remaining bytes before it is used.

use half::f16;

use super::{
    DEPTHWISE, HEADER_LEN, LINEAR, MAGIC, NARROW, NO_RESIDUAL, POOLED_RESIDUAL, PRELU, Pack, PackError, RELU, RESIDUAL,
    VERSION, WIDE, WINDOW,
};
use crate::graph::{Activation, Gather, Graph, Layer, Residual, Shape};

/// More values than any tensor of these networks has.
const MOST_VALUES: usize = 1 << 22;

impl Pack {
    /// Reads a pack and expands its weights.
    ///
    /// # Errors
    /// [`PackError`], with what was expected and what was found.
    pub fn from_bytes(bytes: &[u8]) -> Result<Pack, PackError> {
        let rest = checked(bytes)?;
        let mut reader = Reader { rest };
        let source = hex(reader.take(32)?);
        let graphs = [reader.graph()?, reader.graph()?, reader.graph()?, reader.graph()?];
        if !reader.rest.is_empty() {
            return Err(PackError::Malformed("bytes are left over"));
        }
        Ok(Pack { source, graphs })
    }
}

/// Checks the header and returns what follows it.
fn checked(bytes: &[u8]) -> Result<&[u8], PackError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(PackError::NotAPack { found: bytes[..bytes.len().min(MAGIC.len())].to_vec() });
    }
    let Some((header, rest)) = bytes.split_at_checked(HEADER_LEN) else {
        return Err(PackError::Length { expected: HEADER_LEN, found: bytes.len() });
    };
    let mut header = Reader { rest: &header[MAGIC.len()..] };
    let version = header.u32()?;
    if version != VERSION {
        return Err(PackError::Version { found: version });
    }
    let expected = HEADER_LEN.saturating_add(header.u32()? as usize);
    if bytes.len() != expected {
        return Err(PackError::Length { expected, found: bytes.len() });
    }
    let (expected, found) = (header.u32()?, adler2::adler32_slice(rest));
    if expected != found {
        return Err(PackError::Altered { expected, found });
    }
    Ok(rest)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], PackError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(PackError::Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, PackError> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<usize, PackError> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]).into())
    }

    fn u32(&mut self) -> Result<u32, PackError> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn halves(&mut self, count: usize) -> Result<Vec<f32>, PackError> {
        let bytes = self.take(count.saturating_mul(2))?;
        Ok(bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect())
    }

    /// `count` rows of `length` values each, expanded.
    fn rows(&mut self, count: usize, length: usize) -> Result<Vec<f32>, PackError> {
        let width = self.u8()?;
        let scales = self.halves(count)?;
        let low = self.take(count.saturating_mul(length))?;
        let mut values = vec![0.0; low.len()];
        // Plain loops, because a browser runs this only once, before it has optimised the code.
        match width {
            NARROW => {
                for (value, &low) in values.iter_mut().zip(low) {
                    *value = low.cast_signed().into();
                }
            }
            WIDE => {
                let high = self.take(low.len())?;
                for (value, (&low, &high)) in values.iter_mut().zip(low.iter().zip(high)) {
                    *value = i16::from_le_bytes([low, high]).into();
                }
            }
            _ => return Err(PackError::Malformed("unknown width of weights")),
        }
        for (row, scale) in values.chunks_exact_mut(length.max(1)).zip(scales) {
            row.iter_mut().for_each(|value| *value *= scale);
        }
        Ok(values)
    }

    fn graph(&mut self) -> Result<Graph, PackError> {
        let input = Shape { height: self.u16()?, width: self.u16()?, channels: self.u16()? };
        let mut shapes = vec![sized(input)?];
        let mut layers = Vec::new();
        for _ in 0..self.u16()? {
            let layer = self.layer(&shapes)?;
            let input = shapes[layer.input];
            shapes.push(sized(layer.output_shape(input).ok_or(PackError::Malformed("a window does not fit"))?)?);
            layers.push(layer);
        }
        let mut outputs = Vec::new();
        for _ in 0..self.u8()? {
            let count = self.u8()?;
            outputs.push((0..count).map(|_| self.u16()).collect::<Result<_, _>>()?);
        }
        let graph = Graph { input, layers, outputs };
        graph.shapes()?;
        Ok(graph)
    }

    fn layer(&mut self, shapes: &[Shape]) -> Result<Layer, PackError> {
        let input = self.u16()?;
        let channels = self.u16()?;
        let from = *shapes.get(input).ok_or(PackError::Malformed("a layer reads a tensor that does not exist yet"))?;
        let gather = match self.u8()? {
            WINDOW => Gather::Window {
                kernel: self.u8()?.into(),
                stride: self.u8()?.into(),
                before: self.u8()?.into(),
                after: self.u8()?.into(),
            },
            DEPTHWISE => {
                let stride = self.u8()?.into();
                Gather::Depthwise { stride, weights: by_tap(&self.rows(from.channels, 9)?) }
            }
            _ => return Err(PackError::Malformed("unknown kind of gather")),
        };
        let residual = match self.u8()? {
            NO_RESIDUAL => None,
            RESIDUAL => Some(Residual { tensor: self.u16()?, pooled: false }),
            POOLED_RESIDUAL => Some(Residual { tensor: self.u16()?, pooled: true }),
            _ => return Err(PackError::Malformed("unknown kind of residual")),
        };
        let activation = match self.u8()? {
            LINEAR => Activation::Linear,
            RELU => Activation::Relu,
            PRELU => Activation::Prelu(self.halves(channels)?),
            _ => return Err(PackError::Malformed("unknown activation")),
        };
        let bias = self.halves(channels)?;
        let weights = self.rows(channels, gather.depth(from.channels))?;
        Ok(Layer { input, gather, weights, bias, residual, activation })
    }
}

/// Returns the shape if it has a reasonable size.
fn sized(shape: Shape) -> Result<Shape, PackError> {
    let values = shape.height.saturating_mul(shape.width).saturating_mul(shape.channels);
    if values <= MOST_VALUES { Ok(shape) } else { Err(PackError::Malformed("a tensor is far too large")) }
}

/// Transposes nine values for each channel into nine rows of one value for each channel.
fn by_tap(by_channel: &[f32]) -> Vec<f32> {
    (0..9).flat_map(|tap| by_channel.iter().skip(tap).step_by(9).copied()).collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
