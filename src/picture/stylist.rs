//! A style transfer's session: video frames repainted in a style, or in a mix of styles.

use super::generator::{takes_any_size, to_unit};
use super::{Picture, PictureError};
use crate::model::session::{Input, Session};
use crate::model::spec::Dim;

/// Largest side that is repainted, in pixels.
const LARGEST: usize = 2048;
/// Sides that the network takes are multiples of this.
const STEP: usize = 4;

/// A model of kind `style-transfer` that is ready to repaint.
#[derive(Debug)]
pub struct Stylist {
    session: Session,
    styles: Vec<String>,
    range: [f32; 2],
    planes: Vec<f32>,
}

impl Stylist {
    /// Takes a session of a model of kind `style-transfer` with inputs `picture` of any size and `style`, and the output `painted`.
    ///
    /// # Errors
    /// [`PictureError::Model`] where it lacks what is needed here.
    pub fn new(session: Session) -> Result<Self, PictureError> {
        let spec = session.spec();
        let refuse = |reason: &str| PictureError::Model { origin: session.origin().to_owned(), reason: reason.into() };
        if !takes_any_size(&spec.inputs, "picture") {
            return Err(refuse("it has no input `picture` of shape (1, 3, height, width)"));
        }
        if !takes_any_size(&spec.outputs, "painted") {
            return Err(refuse("it has no output `painted` of shape (1, 3, height, width)"));
        }
        let style = spec.inputs.iter().find(|t| t.name == "style").map_or(&[][..], |t| &t.shape);
        let [Dim::Fixed(1) | Dim::Named(_), Dim::Fixed(count @ 1..=1024)] = *style else {
            return Err(refuse("it has no input `style` of shape (1, styles)"));
        };
        // A file made elsewhere may not name its styles.
        let styles = match spec.styles.len() {
            0 => (1..=count).map(|n| format!("style {n}")).collect(),
            named if named == count => spec.styles.clone(),
            named => return Err(refuse(&format!("it has {count} styles, but names for {named}"))),
        };
        let range = spec.picture.as_ref().ok_or_else(|| refuse("it has no pictures"))?.range;
        Ok(Self { session, styles, range, planes: Vec::new() })
    }

    /// Names of the styles.
    pub fn styles(&self) -> &[String] {
        &self.styles
    }

    /// The shares of one style alone; those of no style where there is none of this number.
    pub fn only(&self, style: usize) -> Vec<f32> {
        (0..self.styles.len()).map(|i| if i == style { 1.0 } else { 0.0 }).collect()
    }

    /// The picture repainted with these shares of the styles, in their order. Only the shares' relation counts; what is
    /// negative or not a number counts as nothing, and so does what is missing. Without any share the picture stays as it is.
    ///
    /// # Errors
    /// [`PictureError`] for a picture of no pixels or more than 2048 a side, and where the run fails.
    pub fn repaint(&mut self, picture: &Picture, shares: &[f32]) -> Result<Picture, PictureError> {
        let (width, height) = (picture.width, picture.height);
        let origin = self.session.origin().to_owned();
        let refuse = |reason: String| PictureError::Model { origin: origin.clone(), reason };
        let sides = 1..=LARGEST;
        if !(sides.contains(&width) && sides.contains(&height) && picture.data.len() == 3 * width * height) {
            return Err(refuse(format!("a frame of {width} × {height} pixels; 1 to {LARGEST} are repainted")));
        }
        let Some(style) = normalised(shares, self.styles.len()) else { return Ok(picture.clone()) };
        let [low, high] = self.range;
        let (wide, tall) = (width.next_multiple_of(STEP), height.next_multiple_of(STEP));
        // What the sides lack, the edge pixels fill.
        self.planes.clear();
        for channel in 0..3 {
            for y in 0..tall {
                let row = &picture.data[3 * width * y.min(height - 1)..][..3 * width];
                let value = |x: usize| low + (high - low) * row[3 * x.min(width - 1) + channel];
                self.planes.extend((0..wide).map(value));
            }
        }
        let inputs = [
            ("picture", Input::F32(&[1, 3, tall, wide], &self.planes)),
            ("style", Input::F32(&[1, style.len()], &style)),
        ];
        let outputs = self.session.run(&inputs)?;
        let painted = outputs.f32("painted")?;
        if painted.len() != 3 * wide * tall {
            return Err(refuse(format!("it painted {} numbers instead of 3 × {tall} × {wide}", painted.len())));
        }
        let mut data = Vec::with_capacity(3 * width * height);
        for y in 0..height {
            for x in 0..width {
                data.extend((0..3).map(|channel| to_unit(painted[(channel * tall + y) * wide + x], self.range)));
            }
        }
        Ok(Picture { width, height, data })
    }
}

/// Shares that sum to 1, if there are any.
fn normalised(shares: &[f32], count: usize) -> Option<Vec<f32>> {
    let sound = |v: f32| if v.is_finite() { v.clamp(0.0, 1e6) } else { 0.0 };
    let shares: Vec<f32> = (0..count).map(|i| sound(shares.get(i).copied().unwrap_or(0.0))).collect();
    let sum: f32 = shares.iter().sum();
    (sum > 1e-6).then(|| shares.iter().map(|v| v / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn shares_sum_to_one_whatever_a_controller_sends() {
        assert_eq!(normalised(&[2.0, 6.0], 3), Some(vec![0.25, 0.75, 0.0]));
        assert_eq!(normalised(&[-3.0, f32::NAN, 0.5, 9.0], 3), Some(vec![0.0, 0.0, 1.0]));
        assert_eq!(normalised(&[0.0, f32::INFINITY], 2), None);
        assert_eq!(normalised(&[], 2), None);
    }
}
