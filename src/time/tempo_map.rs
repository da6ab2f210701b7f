use super::{Beats, Bpm, SampleRate, TimeError};
use serde::{Deserialize, Serialize};

/// A tempo and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TempoChange {
    /// Where the tempo begins to hold; not negative.
    pub at: Beats,
    /// The tempo from there on.
    pub tempo: Bpm,
}

/// Leads between beats, seconds and samples through every tempo change.
///
/// Beat 0 is second 0 is sample 0. The first tempo holds before it too, so pre-roll has negative beats, seconds and
/// samples. Every answer is computed from the nearest change before it, never by adding up steps, so nothing drifts;
/// and both ways are monotone: a later beat never has an earlier second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<TempoChange>", into = "Vec<TempoChange>")]
pub struct TempoMap {
    /// In order of position; never empty; the first at beat 0.
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    at_beats: f64,
    at_seconds: f64,
    tempo: Bpm,
}

impl Segment {
    fn seconds_at(&self, beats: f64) -> f64 {
        self.at_seconds + (beats - self.at_beats) * 60.0 / self.tempo.0
    }

    fn beats_at(&self, seconds: f64) -> f64 {
        self.at_beats + (seconds - self.at_seconds) * self.tempo.0 / 60.0
    }
}

impl TempoMap {
    /// Tempo where a file or host names none.
    pub const DEFAULT: Bpm = Bpm(120.0);

    /// One tempo throughout.
    ///
    /// # Errors
    /// [`TimeError::Tempo`] for a tempo out of range.
    pub fn constant(tempo: Bpm) -> Result<Self, TimeError> {
        Self::new(vec![TempoChange { at: Beats::ZERO, tempo }])
    }

    /// From changes in any order; of several at one position the last given counts. Before the first change, if it
    /// is not at beat 0, [`TempoMap::DEFAULT`] holds. Changes to the tempo that already holds are dropped.
    ///
    /// # Errors
    /// [`TimeError::Tempo`] and [`TimeError::Position`].
    pub fn new(mut changes: Vec<TempoChange>) -> Result<Self, TimeError> {
        for change in &changes {
            Bpm::new(change.tempo.0)?;
            if !(change.at.is_finite() && change.at.0 >= 0.0) {
                return Err(TimeError::Position { at: change.at.0 });
            }
        }
        changes.sort_by(|a, b| a.at.0.partial_cmp(&b.at.0).unwrap_or(std::cmp::Ordering::Equal));
        let mut segments = vec![Segment { at_beats: 0.0, at_seconds: 0.0, tempo: Self::DEFAULT }];
        for (i, change) in changes.iter().enumerate() {
            if changes.get(i + 1).is_some_and(|next| next.at == change.at) {
                continue;
            }
            let last = segments[segments.len() - 1];
            if change.at.0 == 0.0 {
                segments[0].tempo = change.tempo;
            } else if last.tempo != change.tempo {
                // The same expression as in `seconds_at`: at the change both segments give the same bits.
                segments.push(Segment {
                    at_beats: change.at.0,
                    at_seconds: last.seconds_at(change.at.0),
                    tempo: change.tempo,
                });
            }
        }
        Ok(Self { segments })
    }

    /// The tempo at a position.
    pub fn tempo_at(&self, at: Beats) -> Bpm {
        self.segment_at(at.0).tempo
    }

    /// Seconds from beat 0 to a position; negative in pre-roll.
    pub fn seconds_at(&self, at: Beats) -> f64 {
        self.segment_at(at.0).seconds_at(at.0)
    }

    /// The position that many seconds after beat 0.
    pub fn beats_at(&self, seconds: f64) -> Beats {
        let i = self.segments.partition_point(|s| s.at_seconds <= seconds).saturating_sub(1);
        let beats = self.segments[i].beats_at(seconds);
        // Rounding must not carry a position past the change that it lies before.
        Beats(self.segments.get(i + 1).map_or(beats, |next| beats.min(next.at_beats)))
    }

    /// The sample nearest to a position.
    pub fn sample_at(&self, at: Beats, rate: SampleRate) -> i64 {
        (self.seconds_at(at) * f64::from(rate.0)).round() as i64
    }

    /// The position of a sample.
    pub fn beats_at_sample(&self, sample: i64, rate: SampleRate) -> Beats {
        self.beats_at(sample as f64 / f64::from(rate.0.max(1)))
    }

    /// The changes in order; the first is at beat 0.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = TempoChange> + '_ {
        self.segments.iter().map(|s| TempoChange { at: Beats(s.at_beats), tempo: s.tempo })
    }

    fn segment_at(&self, beats: f64) -> &Segment {
        &self.segments[self.segments.partition_point(|s| s.at_beats <= beats).saturating_sub(1)]
    }
}

impl Default for TempoMap {
    fn default() -> Self {
        Self { segments: vec![Segment { at_beats: 0.0, at_seconds: 0.0, tempo: Self::DEFAULT }] }
    }
}

impl TryFrom<Vec<TempoChange>> for TempoMap {
    type Error = TimeError;
    fn try_from(changes: Vec<TempoChange>) -> Result<Self, TimeError> {
        Self::new(changes)
    }
}

impl From<TempoMap> for Vec<TempoChange> {
    fn from(map: TempoMap) -> Self {
        map.changes().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map_of(changes: &[(f64, f64)]) -> TempoMap {
        TempoMap::new(changes.iter().map(|&(at, bpm)| TempoChange { at: Beats(at), tempo: Bpm(bpm) }).collect())
            .unwrap()
    }

    #[test]
    fn known_positions_through_two_changes_and_pre_roll() {
        let map = map_of(&[(0.0, 120.0), (4.0, 60.0), (6.0, 240.0)]);
        for (beats, seconds) in [(-2.0, -1.0), (0.0, 0.0), (3.0, 1.5), (4.0, 2.0), (5.0, 3.0), (6.0, 4.0), (10.0, 5.0)]
        {
            assert_eq!(map.seconds_at(Beats(beats)), seconds);
            assert_eq!(map.beats_at(seconds), Beats(beats));
        }
        assert_eq!(map.sample_at(Beats(5.0), SampleRate(48_000)), 144_000);
        assert_eq!(map.tempo_at(Beats(-1.0)), Bpm(120.0));
        assert_eq!(map.tempo_at(Beats(4.0)), Bpm(60.0));
    }

    #[test]
    fn a_late_first_change_is_preceded_by_the_default_and_repeats_are_dropped() {
        let map = map_of(&[(8.0, 90.0), (8.0, 100.0), (9.0, 100.0)]);
        let changes: Vec<_> = map.changes().map(|c| (c.at.0, c.tempo.0)).collect();
        assert_eq!(changes, [(0.0, 120.0), (8.0, 100.0)]);
    }

    #[test]
    fn tempi_and_positions_that_make_no_sense_are_refused() {
        for bpm in [0.0, -120.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(matches!(TempoMap::constant(Bpm(bpm)), Err(TimeError::Tempo { .. })), "{bpm}");
        }
        for at in [-1.0, f64::NAN, f64::INFINITY] {
            let change = TempoChange { at: Beats(at), tempo: Bpm(100.0) };
            assert!(matches!(TempoMap::new(vec![change]), Err(TimeError::Position { .. })), "{at}");
        }
    }

    proptest! {
        #[test]
        fn samples_come_back_exactly_and_time_never_runs_backwards(
            changes in prop::collection::vec((0.0f64..2000.0, 5.0f64..900.0), 0..20),
            mut samples in prop::collection::vec(-5_000_000i64..500_000_000, 2..40),
            rate in prop::sample::select(vec![8_000u32, 44_100, 48_000, 96_000, 192_000]),
        ) {
            let map = map_of(&changes);
            samples.sort_unstable();
            let beats: Vec<_> = samples.iter().map(|&s| map.beats_at_sample(s, SampleRate(rate))).collect();
            for (pair, b) in samples.windows(2).zip(beats.windows(2)) {
                prop_assert!(b[0] <= b[1], "samples {pair:?} lie at {b:?}");
            }
            for (&s, &b) in samples.iter().zip(&beats) {
                prop_assert_eq!(map.sample_at(b, SampleRate(rate)), s);
            }
            for change in map.changes() {
                let (before, after) = (change.at.0.next_down(), change.at.0.next_up());
                prop_assert!(map.seconds_at(Beats(before)) <= map.seconds_at(change.at));
                prop_assert!(map.seconds_at(change.at) <= map.seconds_at(Beats(after)));
            }
        }
    }
}
