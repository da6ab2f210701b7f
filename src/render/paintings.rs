//! What generator and upscaler paint, in order, and what lies between two pictures.

use super::RenderError;
use super::job::Painter;
use super::lanes::Lanes;
use crate::caught::{caught, trap};
use crate::picture::{Look, Picture, PictureError};
use std::thread::Scope;

/// What was painted, and what it was painted from.
pub(super) type Painting = (Picture, Look);

/// Pictures of looks, one after the other, by as many threads as there are painters.
pub(super) struct Paintings<'a> {
    looks: Box<dyn Iterator<Item = Look> + 'a>,
    lanes: Lanes<Look, Result<Painting, PictureError>>,
}

impl<'a> Paintings<'a> {
    /// Begins to paint for a canvas of so many pixels.
    pub fn begin<'scope>(
        scope: &'scope Scope<'scope, '_>,
        painters: Vec<Painter>,
        canvas: (u32, u32),
        looks: impl Iterator<Item = Look> + 'a,
    ) -> Self {
        let paint = |mut painter: Painter| {
            move |look: Look| {
                let painted = caught(|| {
                    trap("film");
                    let picture = painter.generator.paint(&look)?;
                    match &mut painter.upscaler {
                        Some(upscaler) => upscaler.enlarge_towards(picture, canvas),
                        None => Ok(picture),
                    }
                });
                Ok((painted.unwrap_or_else(|reason| Err(PictureError::Failed(reason)))?, look))
            }
        };
        Self { looks: Box::new(looks), lanes: Lanes::spawn(scope, painters.into_iter().map(paint)) }
    }

    /// The next picture.
    ///
    /// # Errors
    /// [`RenderError::Picture`] where a model fails, or there is no look any more.
    pub fn next(&mut self) -> Result<Painting, RenderError> {
        while self.lanes.has_room()
            && let Some(look) = self.looks.next()
        {
            self.lanes.give(look);
        }
        let ended = || RenderError::Picture(PictureError::Failed("the painter has stopped".into()));
        Ok(self.lanes.take().ok_or_else(ended)??)
    }
}

/// Pictures in order, and those between them.
pub(super) struct Blend {
    stride: u64,
    /// The number of the picture that comes first.
    first: u64,
    /// The pictures before and after, and the number of the one before.
    around: Option<(u64, Picture, Picture)>,
    between: Picture,
}

impl Blend {
    /// For frames from `first` on, of which each `stride`-th is painted.
    pub fn new(stride: u64, first: u64) -> Self {
        let between = Picture { width: 0, height: 0, data: Vec::new() };
        Self { stride, first: first / stride, around: None, between }
    }

    /// The picture of a frame, which is not before the last that was asked for.
    pub fn at(&mut self, frame: u64, painted: &mut Paintings<'_>) -> Result<&Picture, RenderError> {
        let wanted = frame / self.stride;
        let (mut number, mut before, mut after) = match self.around.take() {
            Some(around) => around,
            None => (self.first, painted.next()?.0, painted.next()?.0),
        };
        while number < wanted {
            before = after;
            after = painted.next()?.0;
            number += 1;
        }
        let share = (frame % self.stride) as f32 / self.stride as f32;
        self.between.width = before.width;
        self.between.height = before.height;
        self.between.data.clear();
        self.between.data.extend(before.data.iter().zip(&after.data).map(|(a, b)| a + (b - a) * share));
        self.around = Some((number, before, after));
        Ok(&self.between)
    }
}
