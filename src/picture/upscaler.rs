//! An upscaler's session: small pictures become larger ones with sharp edges.

use super::generator::{takes_any_size, woven};
use super::{Picture, PictureError};
use crate::model::session::{Input, Session};

/// Largest side that is enlarged, in pixels.
const LARGEST: usize = 1024;

/// A model of kind `upscaler` that is ready to enlarge.
#[derive(Debug)]
pub struct Upscaler {
    session: Session,
    range: [f32; 2],
    planes: Vec<f32>,
}

impl Upscaler {
    /// Takes a session of a model of kind `upscaler` with an input `picture` of any size and outputs `x2` and `x4`.
    ///
    /// # Errors
    /// [`PictureError::Model`] where it lacks what is needed here.
    pub fn new(session: Session) -> Result<Self, PictureError> {
        let spec = session.spec();
        let refuse = |reason: &str| PictureError::Model { origin: session.origin().to_owned(), reason: reason.into() };
        if !takes_any_size(&spec.inputs, "picture") {
            return Err(refuse("it has no input `picture` of shape (1, 3, height, width)"));
        }
        if !["x2", "x4"].iter().all(|name| takes_any_size(&spec.outputs, name)) {
            return Err(refuse("it has no outputs `x2` and `x4` of colours"));
        }
        let range = spec.picture.as_ref().ok_or_else(|| refuse("it has no pictures"))?.range;
        Ok(Self { session, range, planes: Vec::new() })
    }

    /// The picture twice or four times as large; any other `factor` gives it back as it is, and so does a side above 1024 pixels.
    ///
    /// # Errors
    /// [`PictureError`] where the run fails or gives a picture of another size.
    pub fn enlarge(&mut self, picture: Picture, factor: usize) -> Result<Picture, PictureError> {
        let (w, h) = (picture.width, picture.height);
        let output = match factor {
            2 => "x2",
            4 => "x4",
            _ => return Ok(picture),
        };
        if w == 0 || h == 0 || w.max(h) > LARGEST {
            return Ok(picture);
        }
        let [low, high] = self.range;
        self.planes.clear();
        for channel in 0..3 {
            self.planes.extend(picture.data.iter().skip(channel).step_by(3).map(|v| low + (high - low) * v));
        }
        let origin = self.session.origin().to_owned();
        let inputs = [("picture", Input::F32(&[1, 3, h, w], &self.planes))];
        let outputs = if factor == 4 { self.session.run_part(&inputs) } else { self.session.run(&inputs) }?;
        let found = outputs.f32(output)?;
        let (width, height) = (w * factor, h * factor);
        if found.len() != 3 * width * height {
            let reason = format!("it made {} numbers instead of 3 × {height} × {width}", found.len());
            return Err(PictureError::Model { origin, reason });
        }
        let planes = [0, 1, 2].map(|channel| &found[channel * width * height..][..width * height]);
        Ok(Picture { width, height, data: woven(planes, self.range) })
    }

    /// The picture as large as it can become without leaving `canvas`, `(width, height)` in pixels: what is shown smaller
    /// again need not be painted.
    ///
    /// # Errors
    /// As [`Upscaler::enlarge`].
    pub fn enlarge_towards(&mut self, picture: Picture, canvas: (u32, u32)) -> Result<Picture, PictureError> {
        let side = canvas.0.max(canvas.1) as usize;
        let factor = [4, 2].into_iter().find(|factor| factor * picture.width.min(picture.height) <= side);
        self.enlarge(picture, factor.unwrap_or(1))
    }
}
