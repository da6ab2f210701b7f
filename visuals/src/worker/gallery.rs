//! The generators and the user's pictures that a show can turn to, and their being opened beside the painting.

use super::painter::PainterError;
use image::RgbImage;
use oneiro::model::inspect::inspect;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::picture::{Generator, Picture};
use oneiro::train::pictures::decode;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

/// Shortest side of a user's picture that is kept, in pixels.
const LARGEST: u32 = 512;

/// What there is to turn to.
#[derive(Debug)]
pub(super) struct Gallery {
    /// Generators by name, in the library's order.
    generators: Vec<(String, PathBuf)>,
    /// Pictures of the user's, by name.
    pictures: Vec<(String, Picture)>,
    /// Whether to wait for what is opened, as those do who have time.
    pub patient: bool,
    options: SessionOptions,
}

/// A generator that is being opened.
#[derive(Debug)]
pub(super) struct Opening(Receiver<Result<Generator, String>>);

impl Opening {
    /// The generator, or the opening itself where it still takes time and is not waited for.
    pub fn poll(self, patient: bool) -> Result<Result<Generator, String>, Self> {
        let gone = || Err("its loader broke".to_owned());
        if patient {
            return Ok(self.0.recv().unwrap_or_else(|_| gone()));
        }
        match self.0.try_recv() {
            Ok(opened) => Ok(opened),
            Err(std::sync::mpsc::TryRecvError::Empty) => Err(self),
            Err(std::sync::mpsc::TryRecvError::Disconnected) => Ok(gone()),
        }
    }
}

impl Gallery {
    /// These generators, by name and file, and pictures that are read now.
    ///
    /// # Errors
    /// [`PainterError::File`] for a picture that cannot be read.
    pub fn new(
        generators: Vec<(String, PathBuf)>,
        pictures: &[PathBuf],
        patient: bool,
        options: SessionOptions,
    ) -> Result<Self, PainterError> {
        let pictures = pictures.iter().map(|path| Ok((stem(path), read(path)?)));
        Ok(Self { generators, pictures: pictures.collect::<Result<_, PainterError>>()?, patient, options })
    }

    /// Names of the generators.
    pub fn names(&self) -> Vec<String> {
        self.generators.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Names of the user's pictures.
    pub fn places(&self) -> Vec<String> {
        self.pictures.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The user's picture of this number, from 1.
    pub fn picture(&self, number: usize) -> Option<&Picture> {
        self.pictures.get(number.checked_sub(1)?).map(|(_, picture)| picture)
    }

    /// Begins to open the generator of this number, from 1, on a thread of its own; `None` where there is none.
    pub fn open(&self, number: usize) -> Option<Opening> {
        let (_, path) = self.generators.get(number.checked_sub(1)?)?;
        let (path, options) = (path.clone(), self.options);
        let (told, opened) = channel();
        std::thread::Builder::new()
            .name("generator's loader".into())
            // Nobody waits any more where another one was wanted meanwhile.
            .spawn(move || drop(told.send(load(&path, &options))))
            .ok()?;
        Some(Opening(opened))
    }

    /// The same, at once: for those who have a thread for it.
    pub fn loader(&self, number: usize) -> Option<impl FnOnce() -> Result<Generator, String> + Send + 'static> {
        let (_, path) = self.generators.get(number.checked_sub(1)?)?;
        let (path, options) = (path.clone(), self.options);
        Some(move || load(&path, &options))
    }

    /// The number of the generator of a file, from 1; 0 where there is none.
    pub fn number(&self, file: &Path) -> usize {
        self.generators.iter().position(|(_, path)| path == file).map_or(0, |place| place + 1)
    }
}

fn load(path: &Path, options: &SessionOptions) -> Result<Generator, String> {
    let model = inspect(path).map_err(|e| e.to_string())?;
    let session = Session::from_inspected(model, options).map_err(|e| e.to_string())?;
    Generator::new(session).map_err(|e| e.to_string())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<Picture, PainterError> {
    let fail = |e: decode::Skip| PainterError::File { path: path.to_owned(), reason: e.to_string() };
    let image: RgbImage = decode::read(path).and_then(|bytes| decode::decode(&bytes)).map_err(fail)?;
    // More than a generator can show is of no use to find its place.
    let (across, down) = image.dimensions();
    let side = across.min(down).max(1);
    let image = if side > LARGEST {
        let scaled = |pixels: u32| (u64::from(pixels) * u64::from(LARGEST) / u64::from(side)) as u32;
        image::imageops::thumbnail(&image, scaled(across), scaled(down))
    } else {
        image
    };
    let (width, height) = (image.width() as usize, image.height() as usize);
    Ok(Picture { width, height, data: image.into_raw().into_iter().map(|b| f32::from(b) / 255.0).collect() })
}
