//! Pictures become places, places become pictures.
//!
//! A model of kind `image-autoencoder` or `image-vae` has several uses; each is a session of its own with the part of the network
//! that it needs: an [`Encoder`] finds a picture's place, a [`Decoder`] shows what is seen at a place, edited
//! or not, and a [`Denoiser`] takes noise away. A [`Storage`] keeps places in few bytes.

use super::PictureError;
use super::vectors::slerp;
use crate::model::inspect::Inspected;
use crate::model::session::{Input, Session, SessionOptions};
use crate::model::spec::{Dim, Kind, ModelSpec};
use std::path::Path;

/// A place in the latent space: the numbers of the model's `latent`, in their order.
pub type Place = Vec<f32>;

/// Changes along directions that the model found in its latent space; nothing by default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Edit {
    /// Angle of the colour that the picture is drawn to, in turns in the plane of Cb (0) and Cr (¼): about 0 violet-blue, ⅛ magenta, ¼ red,
    /// ⅜ orange, ½ yellow-green, ⅝ green, ¾ green-cyan, ⅞ blue-cyan.
    pub hue: f32,
    /// How far the mean chroma moves there; 0.1 is plain to see, above 0.2 little else is left.
    pub tint: f32,
    /// Change of the mean luma, −1 … 1; good to about ±0.25.
    pub light: f32,
    /// Part of the fine detail that is added, or taken away below 0: −1 … 1.
    pub texture: f32,
}

impl Edit {
    /// The model's input `edit`.
    pub fn amounts(&self) -> [f32; 4] {
        let angle = self.hue * std::f32::consts::TAU;
        [self.tint * angle.cos(), self.tint * angle.sin(), self.light, self.texture]
    }
}

/// The place at `t`, 0 to 1, on the way from `a` to `b`: a straight way in a space of maps, the great circle and an even
/// change of length in a space of points, where the middle of a straight way would lie nearer to the origin than any picture does.
///
/// # Panics
/// If the places are of different lengths.
pub fn between(kind: Kind, a: &[f32], b: &[f32], t: f32) -> Place {
    assert_eq!(a.len(), b.len(), "places of one latent space");
    if kind == Kind::ImageVae {
        return slerp(a, b, t);
    }
    a.iter().zip(b).map(|(a, b)| a + t * (b - a)).collect()
}

/// What all uses of a model share.
#[derive(Debug)]
struct Use {
    session: Session,
    side: usize,
    latent: Vec<usize>,
}

impl Use {
    fn new(model: Inspected, outputs: &[&str], options: &SessionOptions) -> Result<Self, PictureError> {
        let origin = model.origin.clone();
        let refuse = |reason: String| PictureError::Model { origin: origin.clone(), reason };
        let spec = &model.spec;
        if !matches!(spec.kind, Kind::ImageAutoencoder | Kind::ImageVae) {
            return Err(refuse(format!("it is of kind {}, not an autoencoder of pictures", spec.kind)));
        }
        let picture = spec.picture.as_ref().ok_or_else(|| refuse("it has no pictures".into()))?;
        if picture.width != picture.height || picture.channels != 3 || picture.width > LARGEST {
            return Err(refuse(format!("its pictures are not squares of colours of up to {LARGEST} pixels")));
        }
        let side = picture.width as usize;
        let latent = shape_of(spec, "z").ok_or_else(|| refuse("its input `z` has no fixed shape".into()))?;
        if let Some(missing) = outputs.iter().find(|name| !spec.outputs.iter().any(|o| o.name == **name)) {
            return Err(refuse(format!("it has no output `{missing}`")));
        }
        let session = Session::from_inspected(model.part(outputs), options)?;
        Ok(Self { session, side, latent })
    }

    fn refuse(&self, reason: String) -> PictureError {
        PictureError::Model { origin: self.session.origin().to_owned(), reason }
    }

    /// Runs the network on planes `(3, S, S)` in the model's range.
    fn look(&mut self, planes: &[f32], output: &str) -> Result<Vec<f32>, PictureError> {
        let shape = [1, 3, self.side, self.side];
        if planes.len() != 3 * self.side * self.side {
            return Err(self.refuse(format!(
                "a picture of {} numbers instead of 3 × {1} × {1}",
                planes.len(),
                self.side
            )));
        }
        Ok(self.session.run(&[("original", Input::F32(&shape, planes))])?.f32(output)?.to_vec())
    }
}

/// Largest side of a picture, in pixels.
const LARGEST: u32 = 2048;

fn shape_of(spec: &ModelSpec, input: &str) -> Option<Vec<usize>> {
    let tensor = spec.inputs.iter().find(|t| t.name == input)?;
    tensor.shape.iter().map(|d| if let Dim::Fixed(n) = d { Some(*n) } else { None }).collect()
}

/// Finds places of pictures.
#[derive(Debug)]
pub struct Encoder(Use);

impl Encoder {
    /// Takes a model of kind `image-autoencoder` or `image-vae`.
    ///
    /// # Errors
    /// [`PictureError`] for another kind, or where it lacks what is needed here.
    pub fn new(model: Inspected, options: &SessionOptions) -> Result<Self, PictureError> {
        Use::new(model, &["latent"], options).map(Self)
    }

    /// Side of the pictures that the network sees, in pixels.
    pub fn side(&self) -> usize {
        self.0.side
    }

    /// The place of a picture given as `(3, S, S)` in the model's range.
    ///
    /// # Errors
    /// [`PictureError`] for another size, or where the run fails.
    pub fn encode_planes(&mut self, planes: &[f32]) -> Result<Place, PictureError> {
        self.0.look(planes, "latent")
    }
}

/// Takes noise away.
#[derive(Debug)]
pub struct Denoiser(Use);

impl Denoiser {
    /// Takes a model of kind `image-autoencoder`.
    ///
    /// # Errors
    /// As [`Encoder::new`].
    pub fn new(model: Inspected, options: &SessionOptions) -> Result<Self, PictureError> {
        Use::new(model, &["denoised"], options).map(Self)
    }

    /// A picture without its noise, both as planes `(3, S, S)` in the model's range.
    ///
    /// # Errors
    /// As [`Encoder::encode_planes`].
    pub fn denoise_planes(&mut self, planes: &[f32]) -> Result<Vec<f32>, PictureError> {
        self.0.look(planes, "denoised")
    }
}

/// Shows what is seen at places.
#[derive(Debug)]
pub struct Decoder(Use);

impl Decoder {
    /// As [`Encoder::new`].
    ///
    /// # Errors
    /// As [`Encoder::new`].
    pub fn new(model: Inspected, options: &SessionOptions) -> Result<Self, PictureError> {
        let decoder = Use::new(model, &["picture"], options)?;
        match shape_of(decoder.session.spec(), "edit") {
            Some(shape) if shape == [1, 4] => Ok(Self(decoder)),
            _ => Err(decoder.refuse("its input `edit` is not of shape (1, 4)".into())),
        }
    }

    /// What the model says about itself.
    pub fn spec(&self) -> &ModelSpec {
        self.0.session.spec()
    }

    /// Numbers in a place.
    pub fn latent_size(&self) -> usize {
        self.0.latent.iter().product()
    }

    /// How places are kept in few bytes.
    ///
    /// # Errors
    /// [`PictureError::Model`] where the model does not say how.
    pub fn storage(&self) -> Result<Storage, PictureError> {
        Storage::of(self.spec(), self.0.session.origin())
    }

    /// The picture at a place, edited, as planes `(3, S, S)`: about in the model's range, but not held there.
    ///
    /// # Errors
    /// [`PictureError`] for a place of another length, or where the run fails.
    pub fn decode_planes(&mut self, place: &[f32], edit: Edit) -> Result<Vec<f32>, PictureError> {
        if place.len() != self.latent_size() {
            let reason = format!("a place of {} numbers instead of {}", place.len(), self.latent_size());
            return Err(self.0.refuse(reason));
        }
        let amounts = edit.amounts();
        let Use { session, latent, .. } = &mut self.0;
        let inputs = [("z", Input::F32(latent, place)), ("edit", Input::F32(&[1, 4], &amounts))];
        Ok(session.run(&inputs)?.f32("picture")?.to_vec())
    }
}

/// Places in few bytes: every number is rounded to one of 2^bits levels from −reach to reach, and their numbers are laid end to
/// end, the first bit of each first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storage {
    bits: u32,
    reach: f32,
    count: usize,
}

impl Storage {
    /// As a model describes it.
    ///
    /// # Errors
    /// [`PictureError::Model`] where it does not.
    pub fn of(spec: &ModelSpec, origin: &Path) -> Result<Self, PictureError> {
        let number = |name: &str| spec.settings.get(name).copied().unwrap_or(0.0);
        let (bits, reach) = (number("bits"), number("reach"));
        let count = spec.latent.as_ref().map_or(0, |l| l.size);
        if !(1.0..=16.0).contains(&bits) || bits.fract() != 0.0 || !(reach > 0.0 && reach.is_finite()) {
            let reason = "it does not say how places are stored (settings `bits`, 1 to 16, and `reach`)".into();
            return Err(PictureError::Model { origin: origin.to_owned(), reason });
        }
        Ok(Self { bits: bits as u32, reach: reach as f32, count })
    }

    /// Bytes of a stored place.
    pub fn bytes(&self) -> usize {
        (self.count * self.bits as usize).div_ceil(8)
    }

    fn most(&self) -> f32 {
        ((1u32 << self.bits) - 1) as f32
    }

    /// Stores a place; what lies beyond the reach is cut, what is no number becomes the middle.
    pub fn pack(&self, place: &[f32]) -> Vec<u8> {
        let mut bytes = vec![0u8; self.bytes()];
        for (i, &value) in place.iter().take(self.count).enumerate() {
            let value = if value.is_nan() { 0.0 } else { value };
            let share = (value / self.reach).clamp(-1.0, 1.0) * 0.5 + 0.5;
            let level = (share * self.most()).round() as u32;
            for bit in (0..self.bits).filter(|bit| level >> (self.bits - 1 - bit) & 1 == 1) {
                let at = i * self.bits as usize + bit as usize;
                bytes[at / 8] |= 0x80 >> (at % 8);
            }
        }
        bytes
    }

    /// The place that was stored, within half a level of it; `None` for another number of bytes.
    pub fn unpack(&self, bytes: &[u8]) -> Option<Place> {
        if bytes.len() != self.bytes() {
            return None;
        }
        let level = |i: usize| {
            (0..self.bits as usize).fold(0u32, |level, bit| {
                let at = i * self.bits as usize + bit;
                level << 1 | u32::from(bytes[at / 8] >> (7 - at % 8) & 1)
            })
        };
        Some((0..self.count).map(|i| (level(i) as f32 / self.most() * 2.0 - 1.0) * self.reach).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_stored_place_comes_back_within_half_a_level() {
        for bits in [1, 3, 4, 8, 13] {
            let storage = Storage { bits, reach: 2.0, count: 37 };
            let seed = u64::from(bits);
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let place: Place = (0..37).map(|_| rng.random_range(-2.0..=2.0)).collect();
            let bytes = storage.pack(&place);
            assert_eq!(bytes.len(), (37 * bits as usize).div_ceil(8));
            let half = 2.0 / ((1u32 << bits) - 1) as f32;
            let again = storage.unpack(&bytes).unwrap();
            for (a, b) in place.iter().zip(&again) {
                assert!((a - b).abs() <= half * 1.001, "{bits} bits: {a} became {b}, seed {seed}");
            }
            assert_eq!(storage.pack(&again), bytes, "{bits} bits: storing twice changes nothing");
        }
        let storage = Storage { bits: 4, reach: 1.0, count: 3 };
        let odd = storage.unpack(&storage.pack(&[9.0, f32::NAN, -9.0])).unwrap();
        assert!(odd[0] == 1.0 && (odd[1] - 1.0 / 15.0).abs() < 1e-6, "{odd:?}");
        assert_eq!(storage.unpack(&[0; 3]), None);
    }

    #[test]
    fn a_way_meets_both_ends() {
        for kind in [Kind::ImageAutoencoder, Kind::ImageVae] {
            let (a, b) = (vec![1.0, 0.0, 0.5], vec![0.0, -1.0, 0.5]);
            for (t, end) in [(0.0, &a), (1.0, &b)] {
                let found = between(kind, &a, &b, t);
                assert!(found.iter().zip(end).all(|(x, y)| (x - y).abs() < 1e-5), "{kind} at {t}: {found:?}");
            }
        }
    }
}
