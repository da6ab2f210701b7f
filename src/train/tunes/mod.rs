//! Tunes out of files: books of ABC, and MIDI files, of which the melody is taken.

mod midi;
mod rolls;
mod scan;

pub use midi::{GRID_SHARE, TOLERANCE};
pub use rolls::roll_sheet;
pub use scan::{MusicReport, SkippedTune, scan};

use crate::files::read_at_most;
use crate::music::Melody;
use crate::music::abc::{self, Repeats};
use crate::music::encoding::{EncodedTune, REST};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

/// Fewest notes and rests of a tune.
pub const SHORTEST: usize = 16;
/// Most notes and rests of a tune of a book, with repeats played. What MIDI files hold is cut to shorter ones.
pub const LONGEST: usize = 1500;
/// Fewest different pitches of a melody.
const PITCHES: usize = 3;

/// Which parts of a MIDI file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Track {
    /// The part that is most likely the melody: see [`crate::music::select_melody_part`].
    #[default]
    Best,
    /// Every part but the drums.
    All,
    /// The most likely part of this track of the file, counted from 1.
    Number(usize),
}

impl FromStr for Track {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "best" => Ok(Self::Best),
            "all" => Ok(Self::All),
            number => match number.parse() {
                Ok(n @ 1..=65_535) => Ok(Self::Number(n)),
                _ => Err("`best`, `all`, or a track's number from 1 on".into()),
            },
        }
    }
}

/// A tune as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceTune {
    /// Title.
    pub title: String,
    /// What other tunes of the same piece share: the name of a MIDI file; empty for the tunes of a book.
    pub origin: String,
    /// With repeats and endings played.
    pub played: Melody,
    /// Each section once; the same where the file does not tell sections.
    pub once: Melody,
}

/// Why a file or a tune in it is not used.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub enum Skip {
    /// The file cannot be read, or is damaged, or not what its name says.
    #[error("{0}")]
    Unreadable(String),
    /// Nothing that could be a melody: only drums, or less than three pitches.
    #[error("no melody: {0}")]
    NoMelody(String),
    /// Less than [`SHORTEST`] notes and rests.
    #[error("{0} notes and rests; at least {min} are needed", min = SHORTEST)]
    TooShort(usize),
    /// More than [`LONGEST`] notes and rests.
    #[error("{0} notes and rests are more than {max}", max = LONGEST)]
    TooLong(usize),
    /// Played freely: this share of the notes, in percent, begins near a sixteenth or a triplet.
    #[error("not in time with its beats: {0} % of its notes begin near a sixteenth or a triplet of them")]
    OffGrid(u32),
}

impl Skip {
    /// The reason in two words, for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::NoMelody(_) => "no melody",
            Self::TooShort(_) => "too short",
            Self::TooLong(_) => "too long",
            Self::OffGrid(_) => "not in time",
        }
    }
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileTunes {
    /// Tunes fit for use.
    pub tunes: Vec<SourceTune>,
    /// What is left out, by its title (empty for the file as a whole), and why.
    pub skipped: Vec<(String, Skip)>,
}

/// Whether a file is music, by its name.
pub fn is_music(path: &Path) -> bool {
    is_abc(path) || is_midi(path)
}

fn is_abc(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("abc"))
}

fn is_midi(path: &Path) -> bool {
    path.extension().is_some_and(|e| ["mid", "midi", "smf"].iter().any(|m| e.eq_ignore_ascii_case(m)))
}

/// Reads all tunes of a file, by its name as ABC or MIDI.
pub fn read_file(path: &Path, track: Track) -> FileTunes {
    let read = if is_midi(path) { midi::read(path, track) } else { read_abc(path) };
    let found = match read {
        Ok(found) => found,
        Err(reason) => return FileTunes { tunes: Vec::new(), skipped: vec![(String::new(), reason)] },
    };
    let mut file = FileTunes::default();
    for tune in found {
        match tune.and_then(|tune| fit(&tune).map_err(|reason| (tune.title.clone(), reason)).map(|()| tune)) {
            Ok(tune) => file.tunes.push(tune),
            Err(skipped) => file.skipped.push(skipped),
        }
    }
    file
}

fn fit(tune: &SourceTune) -> Result<(), Skip> {
    let silent = || Skip::NoMelody("no notes".into());
    let once = EncodedTune::new(&tune.once).ok_or_else(silent)?.tokens;
    let played = EncodedTune::new(&tune.played).ok_or_else(silent)?.tokens;
    let pitches = once.iter().map(|t| t.pitch).filter(|&p| p != REST).collect::<BTreeSet<_>>().len();
    match () {
        () if once.len() < SHORTEST => Err(Skip::TooShort(once.len())),
        () if played.len() > LONGEST => Err(Skip::TooLong(played.len())),
        () if pitches < PITCHES => Err(Skip::NoMelody(format!("{pitches} different pitches"))),
        () => Ok(()),
    }
}

/// A tune, or the title of one that is left out and why.
type Outcome = Result<SourceTune, (String, Skip)>;

fn read_abc(path: &Path) -> Result<Vec<Outcome>, Skip> {
    let unreadable = |e: &dyn std::fmt::Display| Skip::Unreadable(e.to_string());
    let bytes = read_at_most(path, abc::MAX_TEXT as u64).map_err(|e| unreadable(&e))?;
    let text = String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect());
    let played = abc::read(&text, Repeats::Played).map_err(|e| unreadable(&e))?;
    let once = abc::read(&text, Repeats::Once).map_err(|e| unreadable(&e))?;
    let tunes = played.into_iter().zip(once).map(|(played, once)| {
        let (played, once) = (played.melody, once.melody);
        Ok(SourceTune { title: played.title.clone(), origin: String::new(), played, once })
    });
    Ok(tunes.collect())
}
