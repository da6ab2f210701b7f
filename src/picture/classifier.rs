//! A classifier's session: what kind of picture this is, with a probability for each class.

use super::generator::takes_any_size;
use super::{Picture, PictureError};
use crate::model::session::{Input, Session};
use crate::model::spec::{Dim, TensorSpec};

/// Prefix of the entries of a description's settings that give classes their numbers.
pub const CLASS: &str = "class.";

/// A model of kind `art-classifier` that is ready to judge.
#[derive(Debug)]
pub struct Classifier {
    session: Session,
    classes: Vec<String>,
    range: [f32; 2],
    planes: Vec<f32>,
}

impl Classifier {
    /// Takes a session of a model of kind `art-classifier` with an input `picture` of any size, an output `probabilities`, and settings
    /// `class.NAME` that number its classes from 0.
    ///
    /// # Errors
    /// [`PictureError::Model`] where it lacks what is needed here.
    pub fn new(session: Session) -> Result<Self, PictureError> {
        let spec = session.spec();
        let refuse = |reason: &str| PictureError::Model { origin: session.origin().to_owned(), reason: reason.into() };
        if !takes_any_size(&spec.inputs, "picture") {
            return Err(refuse("it has no input `picture` of shape (1, 3, height, width)"));
        }
        let mut numbered: Vec<(f64, String)> = spec
            .settings
            .iter()
            .filter_map(|(name, number)| Some((*number, name.strip_prefix(CLASS)?.to_owned())))
            .collect();
        numbered.sort_by(|a, b| a.0.total_cmp(&b.0));
        let in_order = numbered.iter().enumerate().all(|(i, (number, _))| *number == i as f64);
        if numbered.len() < 2 || !in_order {
            return Err(refuse("its settings do not number two classes or more from 0"));
        }
        let classes: Vec<String> = numbered.into_iter().map(|(_, name)| name).collect();
        let fits = |t: &TensorSpec| {
            t.name == "probabilities" && matches!(t.shape[..], [_, Dim::Fixed(n)] if n == classes.len())
        };
        if !spec.outputs.iter().any(fits) {
            return Err(refuse("it has no output `probabilities` of one number for each class"));
        }
        let range = spec.picture.as_ref().ok_or_else(|| refuse("it has no pictures"))?.range;
        Ok(Self { session, classes, range, planes: Vec::new() })
    }

    /// Names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Probability of each class, in the order of [`Classifier::classes`], for the largest square in the middle of a picture.
    ///
    /// # Errors
    /// [`PictureError`] where the run fails or the answer is no probability.
    pub fn judge(&mut self, picture: &Picture) -> Result<Vec<f32>, PictureError> {
        let origin = self.session.origin().to_owned();
        let refuse = |reason: &str| PictureError::Model { origin: origin.clone(), reason: reason.into() };
        let side = picture.width.min(picture.height);
        if side == 0 || picture.data.len() != 3 * picture.width * picture.height {
            return Err(refuse("there is no picture to judge"));
        }
        let (left, top) = ((picture.width - side) / 2, (picture.height - side) / 2);
        let [low, high] = self.range;
        self.planes.clear();
        for channel in 0..3 {
            for row in top..top + side {
                let line = &picture.data[3 * (row * picture.width + left)..][..3 * side];
                self.planes.extend(line.iter().skip(channel).step_by(3).map(|v| low + (high - low) * v));
            }
        }
        let outputs = self.session.run(&[("picture", Input::F32(&[1, 3, side, side], &self.planes))])?;
        let found = outputs.f32("probabilities")?.to_vec();
        if found.len() != self.classes.len() || found.iter().any(|p| !p.is_finite()) {
            return Err(refuse("it answers with something else than a probability for each class"));
        }
        Ok(found)
    }
}
