//! One picture of a set.

use super::{Source, Split, crop};
use crate::train::pictures::decode::{self, Skip};
use image::RgbImage;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that unpacked pictures may still take.
pub(super) struct Room(pub AtomicUsize);

impl Room {
    /// Whether `bytes` were left; then they are taken.
    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

pub(super) struct Item {
    pub path: PathBuf,
    pub source: usize,
    /// SHA-256 of the file.
    pub hash: [u8; 32],
    edge_crop: f32,
    /// Place in [0, 1) that decides the split, the same for all of a group.
    lot: f64,
    kept: Option<RgbImage>,
}

impl Item {
    pub(super) fn read(
        path: &Path,
        number: usize,
        source: &Source,
        size: usize,
        groups: &HashMap<String, String>,
        room: &Room,
    ) -> Result<Self, Skip> {
        let bytes = decode::read(path)?;
        let picture = prepare(&bytes, source.edge_crop, size)?;
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        let group = path.file_stem().and_then(|stem| groups.get(stem.to_string_lossy().as_ref()));
        let lot = match group {
            Some(group) => lot(&Sha256::digest(group.as_bytes()).into()),
            None => lot(&hash),
        };
        let kept = room.take(picture.as_raw().len()).then_some(picture);
        Ok(Self { path: path.to_owned(), source: number, hash, edge_crop: source.edge_crop, lot, kept })
    }

    pub(super) fn split(&self, held_out: f32) -> Split {
        if self.lot < f64::from(held_out) { Split::HeldOut } else { Split::Train }
    }

    /// The picture without its edges, its short side at most 2·`size`: from memory or from the file, the same.
    pub(super) fn picture(&self, size: usize) -> Result<Cow<'_, RgbImage>, Skip> {
        match &self.kept {
            Some(picture) => Ok(Cow::Borrowed(picture)),
            None => prepare(&decode::read(&self.path)?, self.edge_crop, size).map(Cow::Owned),
        }
    }
}

fn prepare(bytes: &[u8], edge_crop: f32, size: usize) -> Result<RgbImage, Skip> {
    crop::shrink(decode::decode(bytes)?, edge_crop, 2 * size).map_err(Skip::Broken)
}

/// The first 53 bits of a hash as a number in [0, 1).
fn lot(hash: &[u8; 32]) -> f64 {
    let head = u64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]]);
    (head >> 11) as f64 / (1u64 << 53) as f64
}
