//! A place in a performance as a person says it: a bar, a beat of it, or a time.

use crate::time::{Beats, MetreMap, TempoMap};
use std::fmt;
use std::str::FromStr;

/// Farthest bar and second that can be said.
const FARTHEST: f64 = 1e6;

/// A place in a performance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// A beat of a bar, both counted from 1 as musicians do; a fraction of a beat lies between it and the next.
    Bar {
        /// 1 is the first bar.
        bar: u32,
        /// 1 up to, but without, one more than the bar has beats.
        beat: f64,
    },
    /// Seconds from the beginning.
    Seconds(f64),
}

impl Place {
    /// Where it is, in quarter notes.
    ///
    /// # Errors
    /// Where the bar has no such beat.
    pub fn beats(self, metres: &MetreMap, tempo: &TempoMap) -> Result<Beats, String> {
        match self {
            Self::Seconds(seconds) => Ok(tempo.beats_at(seconds)),
            Self::Bar { bar, beat } => {
                let place = metres.bar(i64::from(bar) - 1);
                let at = place.start + place.metre.beat_beats() * (beat - 1.0);
                if at >= place.end {
                    return Err(format!("{self}: bar {bar} has {} beats", place.metre.numerator));
                }
                Ok(at)
            }
        }
    }

    /// Where it is, in seconds.
    ///
    /// # Errors
    /// As [`Place::beats`].
    pub fn seconds(self, metres: &MetreMap, tempo: &TempoMap) -> Result<f64, String> {
        match self {
            Self::Seconds(seconds) => Ok(seconds),
            Self::Bar { .. } => Ok(tempo.seconds_at(self.beats(metres, tempo)?)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bar { bar, beat } if *beat == 1.0 => write!(f, "{bar}"),
            Self::Bar { bar, beat } => write!(f, "{bar}.{beat}"),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    /// Reads `5` (a bar), `5.3` (its third beat), `5.3.5` (half a beat after it), `12.5s`, `1:02.5` and `1:02:03`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no place: a bar such as 5, a beat of it such as 5.3, or a time such as 12.5s or 1:02.5"
            )
        };
        let number = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            let number = text.parse::<f64>().ok().filter(|x| plain && (0.0..=FARTHEST).contains(x));
            number.ok_or_else(wrong)
        };
        let text = text.trim();
        if let Some(seconds) = text.strip_suffix('s') {
            return Ok(Self::Seconds(number(seconds.trim_end())?));
        }
        if text.contains(':') {
            let mut seconds = 0.0;
            for (place, part) in text.split(':').enumerate() {
                let part = number(part)?;
                if place > 2 || (place > 0 && part >= 60.0) {
                    return Err(wrong());
                }
                seconds = 60.0 * seconds + part;
            }
            return Ok(Self::Seconds(seconds));
        }
        let (bar, beat) = text.split_once('.').unwrap_or((text, "1"));
        let beat = number(beat)?;
        let bar = bar.parse::<u32>().ok().filter(|bar| (1..=FARTHEST as u32).contains(bar)).ok_or_else(wrong)?;
        if beat < 1.0 { Err(wrong()) } else { Ok(Self::Bar { bar, beat }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Bpm, MetreChange, TimeSignature};
    use proptest::prelude::*;

    #[test]
    fn places_are_read_as_musicians_and_clocks_say_them() {
        let waltz = TimeSignature { numerator: 3, denominator: 4 };
        let metres = MetreMap::new(vec![MetreChange { at: Beats(0.0), metre: waltz }]).unwrap();
        let tempo = TempoMap::constant(Bpm(60.0)).unwrap();
        let cases = [
            ("1", 0.0),
            ("5", 12.0),
            ("5.3", 14.0),
            ("5.2.5", 13.5),
            ("12.5s", 12.5),
            ("1:02.5", 62.5),
            ("1:00:01", 3601.0),
        ];
        for (text, seconds) in cases {
            assert_eq!(text.parse::<Place>().unwrap().seconds(&metres, &tempo).unwrap(), seconds, "{text}");
        }
        let beyond = "2.4".parse::<Place>().unwrap().seconds(&metres, &tempo).unwrap_err();
        assert_eq!(beyond, "2.4: bar 2 has 3 beats");
        for wrong in
            ["", "0", "-1", "1.0", "5.", "s", "1:60", "1:2:3:4", "nan", "infs", "1e3", "5 bars", "1:-2", "5..3"]
        {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_read_again(bar in 1_u32..1_000_000, beat in 1.0_f64..64.0, seconds in 0.0_f64..1e6) {
            for position in [Place::Bar { bar, beat }, Place::Bar { bar, beat: 1.0 }, Place::Seconds(seconds)] {
                prop_assert_eq!(position.to_string().parse::<Place>(), Ok(position));
            }
        }

        #[test]
        fn nothing_that_is_typed_makes_it_panic(text in ".{0,12}") {
            let _ = text.parse::<Place>();
        }
    }
}
