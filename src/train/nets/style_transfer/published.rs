//! The published network that ours is measured against: arbitrary style transfer (Ghiasi et al. 2017), which reads a style from a picture and paints with it.

use crate::model::onnx::ModelProto;
use crate::train::nets::upscaler::{Filter, resample};
use crate::train::program::{Device, Feed, Feeds, Forward, ProgramError};
use crate::train::run::RunError;
use crate::train::tensor::Tensor;
use prost::Message;
use std::path::Path;

/// Side of the picture that its second network paints.
pub const SIDE: usize = 384;
/// Side of the picture that its first network reads a style from.
const STYLE_SIDE: usize = 256;
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
    /// The style that was read last.
    code: Option<Tensor>,
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
        Ok(Self { predict: open(FILES[0])?, transform: open(FILES[1])?, code: None })
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
        self.read_style(style, of)?;
        let painted = self.repaint(&resample(content, side, SIDE, Filter::Triangle))?;
        Ok(resample(&painted, SIDE, side, Filter::Triangle))
    }

    /// Reads the style to paint in from a picture `(3, side, side)` in −1 … 1.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn read_style(&mut self, style: &[f32], side: usize) -> Result<(), ProgramError> {
        let style = pixels(&resample(style, side, STYLE_SIDE, Filter::Triangle), STYLE_SIDE);
        self.code = Some(only(self.predict.run(&Feeds::from([(STYLE.into(), Feed::Floats(style))]))?)?);
        Ok(())
    }

    /// A picture `(3, SIDE, SIDE)` in −1 … 1, repainted in the style that was read.
    ///
    /// # Errors
    /// If ONNX Runtime fails, or no style was read.
    pub fn repaint(&mut self, content: &[f32]) -> Result<Vec<f32>, ProgramError> {
        let code = self.code.clone().ok_or_else(|| ProgramError::Ort("no style was read".into()))?;
        let content = pixels(content, SIDE);
        let feeds = Feeds::from([(CONTENT.into(), Feed::Floats(content)), (CODE.into(), Feed::Floats(code))]);
        Ok(planes(&only(self.transform.run(&feeds)?)?.data, SIDE))
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
