//! When a video frame is seen: the middle of its time, or moments around it.

use serde::{Deserialize, Serialize};

/// Most moments of a video frame.
pub(super) const MOST_SUB_FRAMES: u32 = 64;

/// How long the shutter is open, and how finely that is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shutter {
    /// Pictures that make a video frame: 1 is no motion blur; up to 64.
    pub sub_frames: u32,
    /// How much of a video frame's time it is open, in degrees: 360 is all of it.
    pub degrees: f64,
}

impl Default for Shutter {
    fn default() -> Self {
        Self { sub_frames: 1, degrees: 180.0 }
    }
}

impl Shutter {
    /// The moments at which a video frame is drawn, in parts of its time: the middle, or evenly around it. What begins with the
    /// frame is seen in it; nothing is seen more than half a frame before or after it is heard.
    pub fn moments(self) -> impl Iterator<Item = f64> {
        let count = self.sub_frames.clamp(1, MOST_SUB_FRAMES);
        let open = self.degrees.clamp(0.0, 360.0) / 360.0;
        (0..count).map(move |i| 0.5 + open * ((f64::from(i) + 0.5) / f64::from(count) - 0.5))
    }

    /// Whether there is motion blur.
    pub(super) fn is_open(self) -> bool {
        self.sub_frames > 1
    }
}

/// A [`Shutter`] as reels have it: the mean of several moments, in linear light.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blur {
    /// How many: 1 to 64.
    pub sub_frames: u32,
    /// Over which share of a frame, around its middle: 0 to 1; a half is what film cameras have.
    pub shutter: f64,
}

impl From<Blur> for Shutter {
    fn from(blur: Blur) -> Self {
        Self { sub_frames: blur.sub_frames, degrees: 360.0 * blur.shutter }
    }
}

impl From<Shutter> for Blur {
    fn from(shutter: Shutter) -> Self {
        Self { sub_frames: shutter.sub_frames, shutter: shutter.degrees / 360.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_lie_evenly_around_the_middle_of_a_frame() {
        let moments = |sub_frames, degrees| Shutter { sub_frames, degrees }.moments().collect::<Vec<_>>();
        assert_eq!(moments(1, 180.0), [0.5]);
        assert_eq!(moments(2, 360.0), [0.25, 0.75]);
        assert_eq!(moments(4, 180.0), [0.3125, 0.4375, 0.5625, 0.6875]);
        assert_eq!(
            moments(4, 180.0),
            Shutter::from(Blur { sub_frames: 4, shutter: 0.5 }).moments().collect::<Vec<_>>()
        );
    }
}
