use crate::time::Beats;
use std::collections::BTreeMap;
use std::fmt;

/// What was repaired or left out while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// A note began while the same pitch still sounded on its channel: the earlier one was cut there.
    Overlap,
    /// The same pitch began twice at one place: the longer one stayed.
    Duplicate,
    /// A note without length: it got one grid step.
    ZeroLength,
    /// A note that never ended: it was ended at the next note of its pitch, or after at most a bar.
    MissingNoteOff,
    /// A note-off without a note: ignored.
    StrayNoteOff,
    /// A metre such as 0/4: ignored.
    BadMetre,
    /// A track that ends in the middle of an event or without its end mark: read up to there.
    DamagedTrack,
    /// More or fewer tracks than the header says.
    TrackCount,
    /// Tempo events in a file whose time is counted in seconds: they mean nothing there.
    TempoInSmpte,
}

/// A kind of repair, how often it was needed, and where first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warning {
    /// What was repaired.
    pub kind: WarningKind,
    /// How often.
    pub count: usize,
    /// Where first.
    pub first: Beats,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = match self.kind {
            WarningKind::Overlap => {
                ("note was cut where its pitch began again", "notes were cut where their pitch began again")
            }
            WarningKind::Duplicate => ("doubled note was joined", "doubled notes were joined"),
            WarningKind::ZeroLength => ("note without length was lengthened", "notes without length were lengthened"),
            WarningKind::MissingNoteOff => ("note without an end was ended", "notes without an end were ended"),
            WarningKind::StrayNoteOff => {
                ("note-off without a note was ignored", "note-offs without a note were ignored")
            }
            WarningKind::BadMetre => ("impossible metre was ignored", "impossible metres were ignored"),
            WarningKind::DamagedTrack => {
                ("damaged track was read up to the damage", "damaged tracks were read up to the damage")
            }
            WarningKind::TrackCount => {
                ("wrong number of tracks in the header", "wrong numbers of tracks in the header")
            }
            WarningKind::TempoInSmpte => (
                "tempo event was ignored, time is counted in seconds here",
                "tempo events were ignored, time is counted in seconds here",
            ),
        };
        write!(f, "{} {}", self.count, if self.count == 1 { one } else { many })?;
        match self.kind {
            WarningKind::TrackCount | WarningKind::DamagedTrack => Ok(()),
            _ if self.count == 1 => write!(f, " (at beat {:.2})", self.first.0),
            _ => write!(f, " (the first at beat {:.2})", self.first.0),
        }
    }
}

/// Counts warnings by kind, so that a broken file of a million notes gives a handful of lines.
#[derive(Debug, Default)]
pub(super) struct WarningCounter(BTreeMap<WarningKind, (usize, Beats)>);

impl WarningCounter {
    pub(super) fn add(&mut self, kind: WarningKind, at: Beats) {
        let (count, first) = self.0.entry(kind).or_insert((0, at));
        *count += 1;
        *first = first.min(at);
    }

    pub(super) fn into_warnings(self) -> Vec<Warning> {
        self.0.into_iter().map(|(kind, (count, first))| Warning { kind, count, first }).collect()
    }
}
