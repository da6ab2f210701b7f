use super::{Beats, TimeError, TimeSignature};
use serde::{Deserialize, Serialize};

/// A bar that would be shorter than this (quarter notes) is rounding, not music.
const SHORTEST_BAR: f64 = 1e-6;

/// Farthest position that bars are told of, in quarter notes: 15,000 years at 120.
const FARTHEST: f64 = 1e12;

/// Farthest bar: a bar of 1/64 is a sixteenth of a quarter note.
const FARTHEST_BAR: i64 = 32_000_000_000_000;

/// A metre and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MetreChange {
    /// Where a bar of this metre begins; not negative.
    pub at: Beats,
    /// The metre from there on.
    pub metre: TimeSignature,
}

/// One bar of the music.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Number of the bar: 0 begins at beat 0, pre-roll is negative.
    pub index: i64,
    /// Where it begins.
    pub start: Beats,
    /// Where the next one begins. A bar cut short by a change of metre is shorter than its metre says.
    pub end: Beats,
    /// Its metre.
    pub metre: TimeSignature,
}

impl Bar {
    /// Length in quarter notes.
    pub fn length(&self) -> Beats {
        self.end - self.start
    }
}

/// A position as musicians say it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BarPosition {
    /// Number of the bar, from 0; negative in pre-roll.
    pub bar: i64,
    /// Beat of the metre in the bar, from 0: 0 to 5 in 6/8.
    pub beat: u32,
    /// Quarter notes since that beat; not negative.
    pub offset: Beats,
}

/// Tells the bar and the beat of any position through every change of metre.
///
/// A change begins a new bar, even where it cuts one short. The first metre holds before beat 0 too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<MetreChange>", into = "Vec<MetreChange>")]
pub struct MetreMap {
    /// In order of position; never empty; the first at beat 0, bar 0.
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    at: f64,
    first_bar: i64,
    metre: TimeSignature,
}

impl Segment {
    fn start_of(&self, bar: i64) -> f64 {
        self.at + (bar - self.first_bar) as f64 * self.metre.bar_beats().0
    }
}

impl MetreMap {
    /// One metre throughout.
    ///
    /// # Errors
    /// [`TimeError::Metre`] for a metre out of range.
    pub fn constant(metre: TimeSignature) -> Result<Self, TimeError> {
        Self::new(vec![MetreChange { at: Beats::ZERO, metre }])
    }

    /// From changes in any order; of several at one position the last given counts. Before the first change, if it
    /// is not at beat 0, 4/4 holds.
    ///
    /// # Errors
    /// [`TimeError::Metre`] and [`TimeError::Position`].
    pub fn new(mut changes: Vec<MetreChange>) -> Result<Self, TimeError> {
        for change in &changes {
            TimeSignature::new(change.metre.numerator, change.metre.denominator)?;
            if !(change.at.is_finite() && change.at.0 >= 0.0) {
                return Err(TimeError::Position { at: change.at.0 });
            }
        }
        changes.sort_by(|a, b| a.at.0.partial_cmp(&b.at.0).unwrap_or(std::cmp::Ordering::Equal));
        let mut segments = vec![Segment { at: 0.0, first_bar: 0, metre: TimeSignature::COMMON }];
        for (i, change) in changes.iter().enumerate() {
            if changes.get(i + 1).is_some_and(|next| next.at == change.at) {
                continue;
            }
            let last = segments[segments.len() - 1];
            if change.at.0 <= SHORTEST_BAR {
                segments[0].metre = change.metre;
                continue;
            }
            let bars = ((change.at.0 - last.at - SHORTEST_BAR) / last.metre.bar_beats().0).ceil().max(1.0);
            // Far from any music the number of a bar goes no further.
            let first_bar = last.first_bar.saturating_add(bars as i64);
            // The same metre again on a bar line says nothing new.
            let on_a_bar_line = (last.start_of(first_bar) - change.at.0).abs() <= SHORTEST_BAR;
            if last.metre != change.metre || !on_a_bar_line {
                segments.push(Segment { at: change.at.0, first_bar, metre: change.metre });
            }
        }
        Ok(Self { segments })
    }

    /// The metre at a position.
    pub fn metre_at(&self, at: Beats) -> TimeSignature {
        self.segments[self.index_at(at)].metre
    }

    /// The bar that a position lies in: not before its start, before its end.
    ///
    /// A position that is no number counts as 0, one farther than 10¹² quarter notes as that far: no host makes this
    /// panic.
    pub fn bar_at(&self, at: Beats) -> Bar {
        let at = within_reach(at);
        let i = self.index_at(at);
        let segment = &self.segments[i];
        let mut bar = segment.first_bar + ((at.0 - segment.at) / segment.metre.bar_beats().0).floor() as i64;
        // The division may round across a bar line; the bar lines themselves decide.
        if at.0 < segment.start_of(bar) {
            bar -= 1;
        } else if at.0 >= segment.start_of(bar + 1) {
            bar += 1;
        }
        if let Some(next) = self.segments.get(i + 1) {
            bar = bar.min(next.first_bar - 1);
        }
        self.bar(bar)
    }

    /// The bar of that number, or the farthest one there is.
    pub fn bar(&self, index: i64) -> Bar {
        let index = index.clamp(-FARTHEST_BAR, FARTHEST_BAR);
        let i = self.segments.partition_point(|s| s.first_bar <= index).saturating_sub(1);
        let segment = &self.segments[i];
        let end = match self.segments.get(i + 1) {
            Some(next) if next.first_bar == index + 1 => next.at,
            _ => segment.start_of(index + 1),
        };
        Bar { index, start: Beats(segment.start_of(index)), end: Beats(end), metre: segment.metre }
    }

    /// Bar, beat and rest of a position.
    pub fn position(&self, at: Beats) -> BarPosition {
        let at = within_reach(at);
        let bar = self.bar_at(at);
        let unit = bar.metre.beat_beats();
        let beat = ((at - bar.start) / unit).floor().clamp(0.0, f64::from(bar.metre.numerator - 1)) as u32;
        BarPosition { bar: bar.index, beat, offset: at - bar.start - unit * f64::from(beat) }
    }

    /// All bars that have a part between two positions, in order; none where `to` is not after `from`.
    pub fn bars(&self, from: Beats, to: Beats) -> impl Iterator<Item = Bar> + '_ {
        let first = self.bar_at(from).index;
        let last = if from < to { FARTHEST_BAR } else { first - 1 };
        (first..=last).map(|i| self.bar(i)).take_while(move |bar| bar.start < to)
    }

    /// The changes in order; the first is at beat 0.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = MetreChange> + '_ {
        self.segments.iter().map(|s| MetreChange { at: Beats(s.at), metre: s.metre })
    }

    fn index_at(&self, at: Beats) -> usize {
        self.segments.partition_point(|s| s.at <= at.0).saturating_sub(1)
    }
}

fn within_reach(at: Beats) -> Beats {
    if at.0.is_nan() { Beats::ZERO } else { Beats(at.0.clamp(-FARTHEST, FARTHEST)) }
}

impl Default for MetreMap {
    fn default() -> Self {
        Self { segments: vec![Segment { at: 0.0, first_bar: 0, metre: TimeSignature::COMMON }] }
    }
}

impl TryFrom<Vec<MetreChange>> for MetreMap {
    type Error = TimeError;
    fn try_from(changes: Vec<MetreChange>) -> Result<Self, TimeError> {
        Self::new(changes)
    }
}

impl From<MetreMap> for Vec<MetreChange> {
    fn from(map: MetreMap) -> Self {
        map.changes().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn metre(numerator: u8, denominator: u8) -> TimeSignature {
        TimeSignature::new(numerator, denominator).unwrap()
    }

    fn map_of(changes: &[(f64, u8, u8)]) -> MetreMap {
        MetreMap::new(changes.iter().map(|&(at, n, d)| MetreChange { at: Beats(at), metre: metre(n, d) }).collect())
            .unwrap()
    }

    #[test]
    fn bars_are_counted_through_a_change_and_before_zero() {
        let map = map_of(&[(0.0, 4, 4), (8.0, 6, 8)]);
        let starts: Vec<_> = (-2..5).map(|i| map.bar(i).start.0).collect();
        assert_eq!(starts, [-8.0, -4.0, 0.0, 4.0, 8.0, 11.0, 14.0]);
        assert_eq!(map.bar_at(Beats(-0.5)).index, -1);
        assert_eq!(map.position(Beats(-3.5)), BarPosition { bar: -1, beat: 0, offset: Beats(0.5) });
        assert_eq!(map.position(Beats(12.75)), BarPosition { bar: 3, beat: 3, offset: Beats(0.25) });
    }

    #[test]
    fn a_change_inside_a_bar_cuts_it_short() {
        let map = map_of(&[(0.0, 3, 4), (4.0, 4, 4)]);
        let bars: Vec<_> = map.bars(Beats(0.0), Beats(12.0)).map(|b| (b.index, b.start.0, b.end.0)).collect();
        assert_eq!(bars, [(0, 0.0, 3.0), (1, 3.0, 4.0), (2, 4.0, 8.0), (3, 8.0, 12.0)]);
    }

    #[test]
    fn the_same_metre_again_on_a_bar_line_is_dropped_but_not_inside_a_bar() {
        assert_eq!(map_of(&[(0.0, 3, 4), (6.0, 3, 4)]).changes().len(), 1);
        let map = map_of(&[(0.0, 3, 4), (5.0, 3, 4)]);
        assert_eq!(map.changes().len(), 2);
        assert_eq!(map.bar_at(Beats(5.0)).index, 2);
    }

    #[test]
    fn metres_that_nobody_can_count_are_refused() {
        for (n, d) in [(0, 4), (65, 4), (4, 0), (4, 3), (4, 128)] {
            assert!(matches!(TimeSignature::new(n, d), Err(TimeError::Metre { .. })), "{n}/{d}");
            let change = MetreChange { at: Beats::ZERO, metre: TimeSignature { numerator: n, denominator: d } };
            assert!(MetreMap::new(vec![change]).is_err());
        }
    }

    #[test]
    fn no_position_makes_it_panic() {
        // The last two lie beyond the bars that can be counted.
        let map = map_of(&[(0.0, 1, 64), (1e13, 4, 4), (1e300, 3, 4), (1e301, 4, 4)]);
        for at in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, f64::MIN_POSITIVE] {
            let bar = map.bar_at(Beats(at));
            assert_eq!(map.position(Beats(at)).bar, bar.index, "{at}");
            map.metre_at(Beats(at));
        }
        assert!(map.bar(i64::MAX).start > map.bar(i64::MIN).end);
        assert_eq!(map.bars(Beats(f64::NAN), Beats(1.0)).count(), 0);
        assert_eq!(map.bars(Beats(1.0), Beats(1.0)).count(), 0);
    }

    #[test]
    fn pulses_of_simple_and_compound_metres() {
        assert_eq!(metre(6, 8).pulse_beats(), Beats(1.5));
        assert_eq!(metre(3, 8).pulse_beats(), Beats(0.5));
        assert_eq!(metre(4, 4).pulse_beats(), Beats(1.0));
    }

    proptest! {
        #[test]
        fn every_position_lies_in_its_bar_and_bars_join(
            changes in prop::collection::vec((0u32..4000, 1u8..=16, 0u32..=4), 0..8),
            positions in prop::collection::vec(-2000i64..200_000, 1..40),
            ticks in prop::sample::select(vec![24u32, 96, 480, 960]),
        ) {
            let map = MetreMap::new(changes.iter().map(|&(at, n, d)| MetreChange {
                at: Beats::from_steps(i64::from(at), ticks), metre: metre(n, 1 << d),
            }).collect()).unwrap();
            for position in positions {
                let at = Beats::from_steps(position, ticks);
                let bar = map.bar_at(at);
                prop_assert!(bar.start <= at && at < bar.end, "{at:?} in {bar:?}");
                prop_assert_eq!(map.bar(bar.index + 1).start, bar.end);
                let p = map.position(at);
                prop_assert!(p.bar == bar.index && p.offset.0 >= -1e-9);
            }
        }
    }
}
