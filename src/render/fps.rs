//! Video frames a second, as an exact fraction.

use std::fmt;
use std::str::FromStr;

/// Video frames a second: `numerator / denominator`, from 1 to 240.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fps {
    numerator: u32,
    denominator: u32,
}

impl Fps {
    /// Thirty.
    pub const THIRTY: Self = Self { numerator: 30, denominator: 1 };

    /// Video frames that cover a number of seconds.
    pub fn frames_in(self, seconds: f64) -> u64 {
        (seconds * self.rate() - 1e-9).ceil().max(1.0) as u64
    }

    /// Where a video frame begins, in seconds.
    pub fn seconds_at(self, frame: u64) -> f64 {
        (frame * u64::from(self.denominator)) as f64 / f64::from(self.numerator)
    }

    /// A moment of a video frame in seconds: 0 is where it begins, 1 where the next one does.
    pub fn seconds_within(self, frame: u64, part: f64) -> f64 {
        self.seconds_at(frame) + part * f64::from(self.denominator) / f64::from(self.numerator)
    }

    /// The sample nearest to the beginning of a video frame.
    pub fn sample_at(self, frame: u64, sample_rate: u32) -> u64 {
        let (n, d) = (u128::from(self.numerator), u128::from(self.denominator));
        let samples = u128::from(frame) * d * u128::from(sample_rate);
        u64::try_from((2 * samples + n) / (2 * n)).unwrap_or(u64::MAX)
    }

    /// As a number.
    pub fn rate(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl fmt::Display for Fps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            write!(f, "{}", self.numerator)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

impl FromStr for Fps {
    type Err = String;

    /// Reads `30`, `30000/1001`, or a decimal number; 23.976, 29.97 and 59.94 are the television rates of those names.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no number of video frames a second from 1 to 240, such as 30, 29.97 or 24000/1001");
        let (numerator, denominator) = match (text, text.split_once('/')) {
            ("23.976" | "23.98", _) => (24_000, 1001),
            ("29.97", _) => (30_000, 1001),
            ("59.94", _) => (60_000, 1001),
            (_, Some((n, d))) => (n.trim().parse().map_err(|_| wrong())?, d.trim().parse().map_err(|_| wrong())?),
            (_, None) => match text.split_once('.') {
                None => (text.trim().parse().map_err(|_| wrong())?, 1),
                Some((whole, part)) if (1..=4).contains(&part.len()) => {
                    let digits: u32 = format!("{whole}{part}").parse().map_err(|_| wrong())?;
                    (digits, 10_u32.pow(part.len() as u32))
                }
                Some(_) => return Err(wrong()),
            },
        };
        let fps = Self { numerator, denominator };
        if denominator == 0 || !(1.0..=240.0).contains(&fps.rate()) { Err(wrong()) } else { Ok(fps) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_exactly() {
        let shown = |text: &str| text.parse::<Fps>().map(|fps| fps.to_string());
        assert_eq!(shown("30").unwrap(), "30");
        assert_eq!(shown("29.97").unwrap(), "30000/1001");
        assert_eq!(shown("24000/1001").unwrap(), "24000/1001");
        assert_eq!(shown("12.5").unwrap().parse::<Fps>().unwrap().rate(), 12.5);
        for wrong in ["", "0", "-30", "1/0", "0/1", "241", "nan", "30fps", "1.23456789"] {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sound_and_pictures_end_together_at_any_rate() {
        for (text, rate) in [("30", 48_000), ("29.97", 48_000), ("24", 44_100), ("59.94", 44_100)] {
            let fps: Fps = text.parse().unwrap();
            let frames = fps.frames_in(61.7);
            let seconds = fps.sample_at(frames, rate) as f64 / f64::from(rate);
            assert!((seconds - fps.seconds_at(frames)).abs() <= 0.5 / f64::from(rate) && seconds >= 61.7 - 1e-4);
        }
    }
}
