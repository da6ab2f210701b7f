//! The published network that ours is measured against: arbitrary style transfer (Ghiasi et al. 2017), which reads a style from a picture and paints with it.

use crate::model::onnx::ModelProto;
use crate::train::nets::upscaler::{Filter, resample};
use crate::train::program::{Device, Feed, Feeds, Forward, ProgramError};
use crate::train::run::RunError;
use crate::train::tensor::Tensor;
use prost::Message;
use std::path::Path;

/// Sides that its two networks are made for: of the style and of the painted picture.
const SIDES: [usize; 2] = [256, 384];
/// Their files and inputs.
const FILES: [&str; 2] = ["arbitrary_predict.onnx", "arbitrary_transform.onnx"];
const CONTENT: &str = "content_image";
const STYLE: &str = "style_image";
/// What the first gives to the second.
const CODE: &str = "mobilenet_conv/Conv/BiasAdd";

/// Both networks, ready to paint.
pub struct Published {
    predict: Forward,
    transform: Forward,
}

impl Published {
    /// Opens the files of the set `style-baseline`.
    ///
    /// # Errors
    /// [`RunError::Data`] for a file that is missing or no network; if ONNX Runtime refuses it.
    pub fn open(folder: &Path, device: Device) -> Result<Self, RunError> {
        let open = |name: &str| {
            let path = folder.join(name);
            let lost = |reason: &dyn std::fmt::Display| RunError::Data(format!("{}: {reason}", path.display()));
            let bytes = std::fs::read(&path).map_err(|e| lost(&e))?;
            let model = ModelProto::decode(bytes.as_slice()).map_err(|e| lost(&e))?;
            Ok::<Forward, RunError>(Forward::new(&model, device)?)
        };
        Ok(Self { predict: open(FILES[0])?, transform: open(FILES[1])? })
    }

    /// `content` `(3, side, side)` in the style of `style` `(3, of, of)`, both in −1 … 1. Scaled to its size and back.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn paint(
        &mut self,
        (content, side): (&[f32], usize),
        (style, of): (&[f32], usize),
    ) -> Result<Vec<f32>, ProgramError> {
        let style = pixels(&resample(style, of, SIDES[0], Filter::Triangle), SIDES[0]);
        let code = only(self.predict.run(&Feeds::from([(STYLE.into(), Feed::Floats(style))]))?)?;
        let content = pixels(&resample(content, side, SIDES[1], Filter::Triangle), SIDES[1]);
        let feeds = Feeds::from([(CONTENT.into(), Feed::Floats(content)), (CODE.into(), Feed::Floats(code))]);
        let painted = only(self.transform.run(&feeds)?)?;
        Ok(resample(&planes(&painted.data, SIDES[1]), SIDES[1], side, Filter::Triangle))
    }
}

fn only(outputs: crate::train::tensor::Tensors) -> Result<Tensor, ProgramError> {
    outputs.into_values().next().ok_or_else(|| ProgramError::Ort("no output".into()))
}

/// `(3, side, side)` in −1 … 1 as `(1, side, side, 3)` in 0 … 1.
fn pixels(planes: &[f32], side: usize) -> Tensor {
    let one = side * side;
    let data = (0..one).flat_map(|at| (0..3).map(move |c| (planes[c * one + at] + 1.0) / 2.0)).collect();
    Tensor::new(&[1, side, side, 3], data)
}

/// The way back.
fn planes(pixels: &[f32], side: usize) -> Vec<f32> {
    (0..3).flat_map(|c| (0..side * side).map(move |at| pixels[3 * at + c] * 2.0 - 1.0)).collect()
}
