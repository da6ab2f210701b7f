//! Writing a take while it happens.

use super::{Event, Header, Moment};
use crate::bridge::Part;
use crate::files::beside;
use std::fs::File;
use std::io::{BufWriter, Result, Write as _};
use std::path::{Path, PathBuf};

/// Writes a take beside its name and gives it its name at the end.
///
/// What was written is handed to the system by [`Recorder::flush`], so that a killed program loses what came after the
/// last call; what is there then lies beside, under the name that [`Recorder::partial`] tells, and can be read.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    /// The instrument's sample at which the take begins.
    begins: u64,
    /// The last sample that something was told of.
    last: u64,
    /// Notes that sound, a bit for each key, by [`Part::index`].
    sounding: [u128; Part::ALL.len()],
}

impl Recorder {
    /// Begins a take at a sample of the instrument.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn begin(path: &Path, header: &Header, begins: u64) -> Result<Self> {
        let partial = beside(path)?;
        let mut file = BufWriter::new(File::create(&partial)?);
        serde_json::to_writer(&mut file, header)?;
        file.write_all(b"\n")?;
        file.flush()?;
        Ok(Self { path: path.to_owned(), partial, file, begins, last: 0, sounding: [0; Part::ALL.len()] })
    }

    /// Where the take lies until it is ended.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Writes what happened at a sample of the instrument; what happened before the take began is put at its beginning.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn write(&mut self, sample: u64, event: Event) -> Result<()> {
        let sample = sample.saturating_sub(self.begins);
        self.last = self.last.max(sample);
        match event {
            Event::On(part, pitch, _) => self.sounding[part.index()] |= key(pitch),
            Event::Off(part, pitch) => self.sounding[part.index()] &= !key(pitch),
            _ => {}
        }
        serde_json::to_writer(&mut self.file, &Moment { sample, event })?;
        self.file.write_all(b"\n")
    }

    /// Hands everything to the system.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }

    /// Ends the take at a sample of the instrument, and with it what sounds, and gives the file its name, which is told.
    ///
    /// # Errors
    /// If the file system refuses; the take is then still under its other name.
    pub fn end(mut self, sample: u64) -> Result<PathBuf> {
        let end = sample.max(self.begins + self.last);
        for part in Part::ALL {
            let sounding = self.sounding[part.index()];
            for pitch in (0..128).filter(|pitch| sounding & key(*pitch) != 0) {
                self.write(end, Event::Off(part, pitch))?;
            }
        }
        self.write(end, Event::End)?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        std::fs::rename(&self.partial, &self.path)?;
        Ok(self.path)
    }
}

/// The bit of a key.
fn key(pitch: u8) -> u128 {
    1 << (pitch & 127)
}
