//! A generator at work: its walk, the pictures of the user's that it knows places of, and the generator that takes its place.

use super::gallery::{Gallery, Opening};
use super::places::Places;
use crate::show::plan::Wish;
use oneiro::picture::{Generator, Picture, PictureError, Walk};

/// A generator and where it walks.
#[derive(Debug)]
pub(super) struct Canvas {
    generator: Generator,
    walk: Walk,
    seed: u64,
    places: Places,
}

impl Canvas {
    fn new(generator: Generator, salt: u64) -> Self {
        let walk = Walk::new(salt, generator.latent_size());
        Self { generator, walk, seed: salt, places: Places::default() }
    }

    fn paint(&mut self, wish: &Wish, salt: u64, lean: Option<&(Vec<f32>, f32)>) -> Result<Picture, PictureError> {
        let seed = wish.seed ^ salt;
        if seed != self.seed {
            self.seed = seed;
            self.walk = Walk::new(seed, self.generator.latent_size());
        }
        self.walk.lean(lean.cloned());
        let psi = (self.generator.psi() + wish.truncation).clamp(0.05, 1.0);
        let look = self.walk.look(wish.course, wish.travelled, &wish.pushes, psi);
        self.generator.paint(&look)
    }
}

/// A place where pictures are painted. While one generator follows another, both paint and the pictures are mixed.
#[derive(Debug)]
pub(super) struct Easel {
    now: Canvas,
    /// The generator before, and the second since which it goes.
    before: Option<(Canvas, f64)>,
    /// Which generator of the gallery is wanted, from 1.
    number: usize,
    opening: Option<Opening>,
    /// Walks of one show differ from easel to easel.
    salt: u64,
}

impl Easel {
    /// With the generator that has this number in the gallery.
    pub fn new(generator: Generator, number: usize, salt: u64) -> Self {
        Self { now: Canvas::new(generator, salt), before: None, number, opening: None, salt }
    }

    /// The generator that paints now.
    pub fn generator(&mut self) -> &mut Generator {
        &mut self.now.generator
    }

    /// The place of the user's picture of this number, from 1, once it is found.
    pub fn place(&mut self, number: usize, gallery: &Gallery) -> Option<Vec<f32>> {
        self.now.places.find(number, self.number, gallery)
    }

    /// Sees to it that the generator of this number paints, at a second of the show; 0 leaves the one that does. The old one
    /// paints until the new one is open.
    ///
    /// # Errors
    /// Why it cannot be opened; the old one stays.
    pub fn turn_to(&mut self, number: usize, due: f64, gallery: &Gallery) -> Result<(), String> {
        if number != 0 && number != self.number {
            self.number = number;
            self.opening = gallery.open(number);
        }
        match self.opening.take().map(|opening| opening.poll(gallery.patient)) {
            None => Ok(()),
            Some(Err(opening)) => {
                self.opening = Some(opening);
                Ok(())
            }
            Some(Ok(opened)) => {
                let canvas = Canvas::new(opened?, self.salt);
                self.before = Some((std::mem::replace(&mut self.now, canvas), due));
                Ok(())
            }
        }
    }

    /// How much of the way from one generator to the next is gone, if one still goes.
    fn share(&mut self, wish: &Wish, due: f64) -> Option<f32> {
        let (_, since) = self.before.as_ref()?;
        let share = ((due - since) / wish.model_fade.max(1e-3)).clamp(0.0, 1.0) as f32;
        if share >= 1.0 {
            self.before = None;
        }
        Some(share).filter(|share| *share < 1.0)
    }

    /// Is as if it had painted for a second of the show.
    pub fn pass_over(&mut self, wish: &Wish, due: f64) {
        self.share(wish, due);
    }

    /// Paints for a second of the show.
    pub fn paint(&mut self, wish: &Wish, due: f64, lean: Option<&(Vec<f32>, f32)>) -> Result<Picture, PictureError> {
        let mut picture = self.now.paint(wish, self.salt, lean)?;
        let Some(share) = self.share(wish, due) else { return Ok(picture) };
        let Some((before, _)) = &mut self.before else { return Ok(picture) };
        // A lean is a place of the new generator's space.
        match before.paint(wish, self.salt, None) {
            Ok(older) => mix(&mut picture, &older, share * share * (3.0 - 2.0 * share)),
            // What was on its way out is gone a little earlier.
            Err(_) => self.before = None,
        }
        Ok(picture)
    }
}

/// Mixes as much of a picture as `share` says into what is left of another, which may have another size.
fn mix(picture: &mut Picture, older: &Picture, share: f32) {
    let (width, height) = (picture.width, picture.height);
    if older.width == 0 || older.height == 0 {
        return;
    }
    for y in 0..height {
        for x in 0..width {
            let from = 3 * (y * older.height / height * older.width + x * older.width / width);
            let to = 3 * (y * width + x);
            for channel in 0..3 {
                let value = &mut picture.data[to + channel];
                *value = older.data[from + channel] + share * (*value - older.data[from + channel]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_different_sizes_are_mixed_in_their_shares() {
        let flat = |side: usize, value: f32| Picture { width: side, height: side, data: vec![value; 3 * side * side] };
        for side in [2, 4, 8] {
            let mut picture = flat(4, 1.0);
            mix(&mut picture, &flat(side, 0.0), 0.25);
            assert!(picture.data.iter().all(|v| (v - 0.25).abs() < 1e-6));
        }
        let mut picture = flat(4, 1.0);
        mix(&mut picture, &flat(0, 0.0), 0.25);
        assert_eq!(picture, flat(4, 1.0));
    }
}
