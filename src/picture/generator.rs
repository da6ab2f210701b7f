//! A generator's session.

use super::PictureError;
use super::latent_path::Look;
use crate::model::session::{Input, Session};
use crate::model::spec::Dim;

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
    output: String,
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
        let output =
            spec.outputs.iter().find(|t| t.name == "picture").ok_or_else(|| refuse("it has no output `picture`"))?;
        Ok(Self {
            latent: latent.size,
            width: picture.width as usize,
            height: picture.height as usize,
            channels: picture.channels as usize,
            range: picture.range,
            output: output.name.clone(),
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
        let planes = outputs.f32(&self.output)?;
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

/// A network's planes of red, green and blue as pixels of 0 to 1; grey where they are no numbers.
pub(super) fn woven([red, green, blue]: [&[f32]; 3], [low, high]: [f32; 2]) -> Vec<f32> {
    let to_unit = |value: f32| {
        let value = (value - low) / (high - low);
        if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.5 }
    };
    let mut data = vec![0.0; 3 * red.len()];
    for (((pixel, &r), &g), &b) in data.chunks_exact_mut(3).zip(red).zip(green).zip(blue) {
        pixel.copy_from_slice(&[to_unit(r), to_unit(g), to_unit(b)]);
    }
    data
}
