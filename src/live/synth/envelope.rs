/// Level at which a release is over: -100 dB.
const END: f32 = 1e-5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Attack,
    Decay,
    Release,
    Over,
}

/// An envelope of exponential curves: each stage is a capacitor charging towards its target,
/// level += (target - level)·(1 - e^(-1/τ)) at each sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope {
    level: f32,
    stage: Stage,
    sustain: f32,
    attack: f32,
    decay: f32,
    release: f32,
}

/// Share of the way that remains after one sample of a time constant of `seconds`, taken from 1.
pub(super) fn charge(seconds: f32, rate: f32) -> f32 {
    1.0 - (-1.0 / (seconds.max(1e-4) * rate)).exp()
}

impl Envelope {
    /// Attack, decay and release in seconds to (nearly) reach their targets, sustain as a level.
    pub fn new(attack: f32, decay: f32, sustain: f32, release: f32, rate: f32) -> Self {
        Self {
            level: 0.0,
            stage: Stage::Attack,
            sustain,
            // The attack aims at 1.25 and ends at 1, after 1.6 time constants.
            attack: charge(attack / 1.6, rate),
            decay: charge(decay / 3.0, rate),
            release: charge(release / 3.0, rate),
        }
    }

    pub fn level(&self) -> f32 {
        self.level
    }

    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub fn let_go(&mut self) {
        if self.stage != Stage::Over {
            self.stage = Stage::Release;
        }
    }

    /// The levels at the next samples; how many there are before it is over.
    #[inline]
    pub fn run(&mut self, levels: &mut [f32]) -> usize {
        let mut done = 0;
        while let Some(rest) = levels.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.stage {
                Stage::Attack => {
                    self.level += self.attack * (1.25 - self.level);
                    if self.level >= 1.0 {
                        self.level = 1.0;
                        self.stage = Stage::Decay;
                    }
                    rest[0] = self.level;
                    done += 1;
                }
                Stage::Decay => {
                    let Self { mut level, decay, sustain, .. } = *self;
                    for out in rest.iter_mut() {
                        level += decay * (sustain - level);
                        *out = level;
                    }
                    self.level = level;
                    done += rest.len();
                }
                Stage::Release => {
                    self.level -= self.release * self.level;
                    if self.level < END {
                        self.level = 0.0;
                        self.stage = Stage::Over;
                    }
                    rest[0] = self.level;
                    done += 1;
                }
                Stage::Over => break,
            }
        }
        done
    }
}
