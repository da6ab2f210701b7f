//! A generator's session.

use super::PictureError;
use super::latent_path::Look;
use crate::model::session::{Input, Session};
use crate::model::spec::{Dim, TensorSpec};

/// Truncation where a model names none.
const DEFAULT_PSI: f32 = 0.75;
/// Largest side that is painted live, in pixels.
const LARGEST: u32 = 2048;

/// A picture of floats: rows of red, green, blue, each 0 to 1 as displayed (sRGB).
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// `(height, width, 3)`
    pub data: Vec<f32>,
}

/// A model of kind `image-gan` that is ready to paint.
#[derive(Debug)]
pub struct Generator {
    session: Session,
    latent: usize,
    width: usize,
    height: usize,
    channels: usize,
    range: [f32; 2],
    with_psi: bool,
    psi: f32,
}

impl Generator {
    /// Takes a session of a model of kind `image-gan`.
    ///
    /// # Errors
    /// [`PictureError::Model`] where it lacks what is needed here.
    pub fn new(session: Session) -> Result<Self, PictureError> {
        let spec = session.spec();
        let refuse = |reason: &str| PictureError::Model { origin: session.origin().to_owned(), reason: reason.into() };
        let latent = spec.latent.as_ref().ok_or_else(|| refuse("it has no latent space"))?;
        let picture = spec.picture.as_ref().ok_or_else(|| refuse("it has no pictures"))?;
        if picture.width > LARGEST || picture.height > LARGEST {
            return Err(refuse(&format!("its pictures are larger than {LARGEST} pixels")));
        }
        let z = spec.inputs.iter().find(|t| t.name == "z").ok_or_else(|| refuse("it has no input `z`"))?;
        if !matches!(z.shape[..], [Dim::Fixed(1) | Dim::Named(_), Dim::Fixed(n)] if n == latent.size) {
            return Err(refuse(&format!("its input `z` is not of shape (1, {})", latent.size)));
        }
        if !spec.outputs.iter().any(|t| t.name == "picture") {
            return Err(refuse("it has no output `picture`"));
        }
        Ok(Self {
            latent: latent.size,
            width: picture.width as usize,
            height: picture.height as usize,
            channels: picture.channels as usize,
            range: picture.range,
            with_psi: spec.inputs.iter().any(|t| t.name == "psi"),
            psi: latent.psi.unwrap_or(DEFAULT_PSI),
            session,
        })
    }

    /// Numbers in a latent point.
    pub fn latent_size(&self) -> usize {
        self.latent
    }

    /// The truncation that shows the model at its best.
    pub fn psi(&self) -> f32 {
        self.psi
    }

    /// Paints one picture.
    ///
    /// # Errors
    /// [`PictureError`] where the run fails or gives a picture of another size than described.
    pub fn paint(&mut self, look: &Look) -> Result<Picture, PictureError> {
        let (psi, shape) = ([look.psi], [1, look.z.len()]);
        let mut inputs = vec![("z", Input::F32(&shape, &look.z))];
        if self.with_psi {
            inputs.push(("psi", Input::F32(&[1], &psi)));
        }
        let origin = self.session.origin().to_owned();
        let outputs = self.session.run(&inputs)?;
        let planes = outputs.f32("picture")?;
        let (w, h, c) = (self.width, self.height, self.channels);
        if planes.len() != w * h * c {
            let reason = format!("it painted {} numbers instead of {c} × {h} × {w}", planes.len());
            return Err(PictureError::Model { origin, reason });
        }
        // One channel is grey; of four the last is opacity and of no use here.
        let plane = |channel: usize| &planes[if c < 3 { 0 } else { channel * w * h }..][..w * h];
        Ok(Picture { width: w, height: h, data: woven([0, 1, 2].map(plane), self.range) })
    }
}

/// Whether a tensor holds a picture of colours of any size: `(1, 3, height, width)`.
pub(super) fn takes_any_size(tensors: &[TensorSpec], name: &str) -> bool {
    let shape = tensors.iter().find(|t| t.name == name).map_or(&[][..], |t| &t.shape);
    matches!(shape, [Dim::Fixed(1) | Dim::Named(_), Dim::Fixed(3), Dim::Named(_), Dim::Named(_)])
}

/// A network's value of a pixel as 0 to 1; grey where it is no number.
pub(super) fn to_unit(value: f32, [low, high]: [f32; 2]) -> f32 {
    let value = (value - low) / (high - low);
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.5 }
}

/// A network's planes of red, green and blue as pixels of 0 to 1.
pub(super) fn woven([red, green, blue]: [&[f32]; 3], range: [f32; 2]) -> Vec<f32> {
    let mut data = vec![0.0; 3 * red.len()];
    for (((pixel, &r), &g), &b) in data.chunks_exact_mut(3).zip(red).zip(green).zip(blue) {
        pixel.copy_from_slice(&[r, g, b].map(|value| to_unit(value, range)));
    }
    data
}
