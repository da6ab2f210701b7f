//! The styles: pictures read from files, and what of them is aimed at.

use crate::train::fingerprint::Fingerprint;
use crate::train::graph::{Graph, Weights};
use crate::train::nets::vgg::Vgg;
use crate::train::pictures::dataset::files_in;
use crate::train::pictures::decode;
use crate::train::pictures::sheet::to_planes;
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::run::RunError;
use crate::train::tensor::Tensor;
use image::imageops::{self, FilterType};
use std::path::{Path, PathBuf};

/// Most styles of one network.
pub const MOST: usize = 256;

/// A picture whose style is learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    /// The name of its file, without ending.
    pub name: String,
    /// `(1, 3, side, side)` in −1 … 1.
    pub picture: Tensor,
}

/// Reads styles from files and folders, in the order given, files of a folder by name: the centre square of each, without `edge` of width and
/// height at each edge, scaled to `side` pixels, a multiple of 8.
///
/// # Errors
/// [`RunError::Data`] for a file that is not a picture, a name that comes twice, or no style at all.
pub fn read(paths: &[PathBuf], side: usize, edge: f32) -> Result<Vec<Style>, RunError> {
    let data = |text: String| RunError::Data(text);
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_in(path).map_err(|e| data(e.to_string()))?);
        } else {
            files.push(path.clone());
        }
    }
    if !(1..=MOST).contains(&files.len()) {
        return Err(data(format!("{} pictures of styles: 1 to {MOST} are needed", files.len())));
    }
    let mut styles: Vec<Style> = Vec::with_capacity(files.len());
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if styles.iter().any(|s| s.name == name) {
            return Err(data(format!("{}: there is another style of the name {name}", file.display())));
        }
        styles.push(Style { name, picture: square(&file, side, edge)? });
    }
    Ok(styles)
}

fn square(file: &Path, side: usize, edge: f32) -> Result<Tensor, RunError> {
    let decoded = decode::read(file).and_then(|bytes| decode::decode(&bytes));
    let picture = decoded.map_err(|e| RunError::Data(format!("{}: {e}", file.display())))?;
    let (width, height) = picture.dimensions();
    let cut = |length: u32| ((edge * length as f32).ceil() as u32).min((length - 1) / 2);
    let short = (width - 2 * cut(width)).min(height - 2 * cut(height));
    // Cut first: a filter that is given an area also looks at what surrounds it.
    let middle = imageops::crop_imm(&picture, (width - short) / 2, (height - short) / 2, short, short).to_image();
    let small = imageops::resize(&middle, side as u32, side as u32, FilterType::CatmullRom);
    Ok(Tensor::new(&[1, 3, side, side], to_planes(&small)))
}

/// What is aimed at: the Gram matrices of the styles' features.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    /// For each of the four depths `(S, C·C)`.
    pub grams: [Tensor; 4],
    /// Stands for the styles' pictures and their order.
    pub(super) fingerprint: u64,
}

impl Targets {
    /// Looks at each style once.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn new(styles: &[Style], vgg: &Vgg, device: Device) -> Result<Self, RunError> {
        let Some(first) = styles.first() else { return Err(RunError::Data("no styles".into())) };
        let mut g = Graph::new();
        let picture = g.input("picture", &first.picture.shape);
        let features = vgg.features(&mut g, picture);
        let grams = features.map(|f| g.gram(f));
        let outputs: Vec<_> = NAMES.into_iter().zip(grams).collect();
        let mut forward = Forward::new(&g.to_model(&outputs, Weights::Fed), device)?;
        let mut grams: [Vec<f32>; 4] = Default::default();
        for style in styles {
            let found = forward.run(&Feeds::from([("picture".into(), Feed::Floats(style.picture.clone()))]))?;
            for (all, name) in grams.iter_mut().zip(NAMES) {
                all.extend_from_slice(&found[name].data);
            }
        }
        let fingerprint = styles
            .iter()
            .fold(Fingerprint::default(), |all, style| all.with_list(style.picture.data.iter().map(|v| v.to_bits())));
        Ok(Self {
            grams: grams.map(|all| Tensor::new(&[styles.len(), all.len() / styles.len()], all)),
            fingerprint: fingerprint.number(),
        })
    }

    /// Number of styles.
    pub fn count(&self) -> usize {
        self.grams[0].shape[0]
    }
}

pub(super) const NAMES: [&str; 4] = ["gram1", "gram2", "gram3", "gram4"];
