//! SoundFonts: recorded instruments on file (SoundFont Technical Specification 2.04), read as untrusted input.

use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// Why a SoundFont cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct SoundFontError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// A SoundFont in memory, shared by whoever plays it.
#[derive(Debug, Clone)]
pub struct SoundFont {
    bank: Arc<rustysynth::SoundFont>,
}

impl SoundFont {
    /// Reads a file of the version 2 format (`.sf2`).
    ///
    /// # Errors
    /// [`SoundFontError`] for what cannot be read, is larger than 1 GiB, or is no sound SoundFont.
    pub fn open(path: &Path) -> Result<Self, SoundFontError> {
        let fail = |reason: String| SoundFontError { path: path.to_owned(), reason };
        let mut file = File::open(path).map_err(|e| fail(e.to_string()))?;
        let length = file.metadata().map_err(|e| fail(e.to_string()))?.len();
        if length > LARGEST {
            return Err(fail(format!("has {length} bytes; at most {LARGEST} are read")));
        }
        let mut bytes = Vec::new();
        file.by_ref().take(LARGEST).read_to_end(&mut bytes).map_err(|e| fail(e.to_string()))?;
        Self::read(&bytes).map_err(fail)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        check_chunks(bytes)?;
        // The reader trusts numbers that it finds; what it stumbles over is no SoundFont.
        let read = catch_unwind(AssertUnwindSafe(|| rustysynth::SoundFont::new(&mut io::Cursor::new(bytes))));
        let bank = read.map_err(|_| "is no sound SoundFont: numbers in it contradict each other".to_owned())?;
        let bank = Arc::new(bank.map_err(|e| format!("is no SoundFont: {e}"))?);
        if bank.get_presets().is_empty() {
            return Err("has no instruments".into());
        }
        let font = Self { bank };
        let audition = catch_unwind(AssertUnwindSafe(|| font.audition()));
        audition.map_err(|_| "cannot be played: numbers in it contradict each other".to_owned())??;
        Ok(font)
    }

    /// Instruments by program number (0 to 127) of bank 0.
    pub fn programs(&self) -> impl Iterator<Item = (u8, &str)> {
        let melodic = self.bank.get_presets().iter().filter(|preset| preset.get_bank_number() == 0);
        melodic.filter_map(|preset| {
            let program = u8::try_from(preset.get_patch_number()).ok()?;
            // MIDI can call no others.
            (program < 128).then_some((program, preset.get_name()))
        })
    }

    /// A player of all its instruments, for one channel.
    ///
    /// # Errors
    /// For a sample rate outside 16 to 192 kHz.
    pub(crate) fn player(&self, rate: u32, block: usize, polyphony: usize) -> Result<rustysynth::Synthesizer, String> {
        let mut settings = rustysynth::SynthesizerSettings::new(i32::try_from(rate).unwrap_or(i32::MAX));
        settings.block_size = block;
        settings.maximum_polyphony = polyphony;
        settings.enable_reverb_and_chorus = false;
        rustysynth::Synthesizer::new(&self.bank, &settings).map_err(|e| e.to_string())
    }

    /// Plays a moment of every instrument, so that what would fail on stage fails here.
    fn audition(&self) -> Result<(), String> {
        let mut player = self.player(44_100, 64, 64)?;
        let mut out = [[0.0_f32; 64]; 2];
        for preset in self.bank.get_presets() {
            player.process_midi_message(0, 0xB0, 0, preset.get_bank_number());
            player.process_midi_message(0, 0xC0, preset.get_patch_number(), 0);
            for key in (0..128).step_by(6) {
                player.note_on(0, key, 100);
            }
            let [left, right] = &mut out;
            for _ in 0..2 {
                player.render(left, right);
            }
            player.note_off_all(true);
        }
        if out.iter().flatten().all(|sample| sample.is_finite()) { Ok(()) } else { Err("sounds of no number".into()) }
    }
}

/// Whether all chunks lie within what holds them, so that no reader asks for more memory than the file is long.
fn check_chunks(bytes: &[u8]) -> Result<(), String> {
    let size = |at: &[u8]| u32::from_le_bytes([at[4], at[5], at[6], at[7]]) as usize;
    if bytes.len() < 12 || &bytes[..4] != b"RIFF" || &bytes[8..12] != b"sfbk" {
        return Err("is no SoundFont of version 2".into());
    }
    // The lists, and in each of them the chunks after its name.
    let mut open = vec![&bytes[12..]];
    while let Some(mut rest) = open.pop() {
        while rest.len() >= 8 {
            let (name, size) = (&rest[..4], size(rest));
            let Some(body) = rest.get(8..8 + size) else {
                return Err(format!("breaks off in chunk `{}`", name.escape_ascii()));
            };
            if name == b"LIST" {
                open.push(body.get(4..).ok_or("has an empty list")?);
            }
            // Chunks begin at even places.
            rest = rest.get(8 + size + size % 2..).unwrap_or_default();
        }
    }
    Ok(())
}
