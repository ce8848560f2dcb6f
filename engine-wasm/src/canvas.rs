//! Pixels of a bitmap by way of a canvas: the fallback where a browser cannot copy a video frame's pixels directly.
//! Browsers that guard against fingerprinting alter what is read back here, so the direct way is preferred.

use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

/// A canvas that is kept from frame to frame.
#[derive(Default)]
pub(crate) struct BitmapReader {
    canvas: Option<(OffscreenCanvas, OffscreenCanvasRenderingContext2d)>,
}

/// Pixels in the layout of [`engine::Frame`].
pub(crate) struct Pixels {
    pub(crate) rgba: Vec<u8>,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl BitmapReader {
    /// Draws `bitmap` and reads its pixels back.
    pub(crate) fn read(&mut self, bitmap: &ImageBitmap) -> Result<Pixels, JsValue> {
        let (width, height) = (bitmap.width(), bitmap.height());
        let context = self.context(width, height)?;
        context.draw_image_with_image_bitmap(bitmap, 0.0, 0.0)?;
        let data = context.get_image_data(0.0, 0.0, width.into(), height.into())?;
        Ok(Pixels { rgba: data.data().0, width: width as usize, height: height as usize })
    }

    fn context(&mut self, width: u32, height: u32) -> Result<&OffscreenCanvasRenderingContext2d, JsValue> {
        let fits = self.canvas.as_ref().is_some_and(|(canvas, _)| canvas.width() == width && canvas.height() == height);
        if !fits {
            let canvas = OffscreenCanvas::new(width, height)?;
            let context = canvas.get_context("2d")?.ok_or("no 2d context")?.dyn_into()?;
            self.canvas = Some((canvas, context));
        }
        self.canvas.as_ref().map(|(_, context)| context).ok_or_else(|| JsValue::from("no canvas"))
    }
}
