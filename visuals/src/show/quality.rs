//! What is left out where a machine is too slow: first pictures are painted less often, then they are drawn smaller, then
//! effects go.

/// A step down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Pictures painted a second, at most.
    pub painted: f64,
    /// Share of the window's width and height that is drawn.
    pub scale: f64,
    /// Whether what is bright glows.
    pub glow: bool,
}

/// The steps, in their order.
pub const LEVELS: [Level; 7] = [
    Level { painted: 60.0, scale: 1.0, glow: true },
    Level { painted: 25.0, scale: 1.0, glow: true },
    Level { painted: 20.0, scale: 0.75, glow: true },
    Level { painted: 15.0, scale: 0.5, glow: true },
    Level { painted: 12.0, scale: 0.5, glow: false },
    Level { painted: 10.0, scale: 0.375, glow: false },
    Level { painted: 8.0, scale: 0.25, glow: false },
];

/// Seconds a frame may take on average; above, it is too slow.
const SLOW: f64 = 1.0 / 26.0;
/// Below, there is room for more.
const FAST: f64 = 1.0 / 50.0;
/// Seconds that it must be slow, and fast, before something changes.
const PATIENCE: (f64, f64) = (1.2, 8.0);
/// Weight of the newest frame in the mean.
const NEWEST: f64 = 0.08;
/// Steps up that were in vain make each further one wait longer, up to so many times.
const LONGEST_WAIT: f64 = 16.0;

/// Chooses the level by the time that frames take.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    level: usize,
    mean: f64,
    slow: f64,
    fast: f64,
    /// How many times the usual time a step up waits.
    wait: f64,
    rose: bool,
}

impl Default for Quality {
    fn default() -> Self {
        Self { level: 0, mean: FAST, slow: 0.0, fast: 0.0, wait: 1.0, rose: false }
    }
}

impl Quality {
    /// The level now.
    pub fn level(&self) -> Level {
        LEVELS[self.level]
    }

    /// How many steps down that is.
    pub fn steps_down(&self) -> usize {
        self.level
    }

    /// Frames a second, on average.
    pub fn rate(&self) -> f64 {
        1.0 / self.mean.max(1e-4)
    }

    /// Takes note of the time from one frame to the next, in seconds. Gives whether the level has changed.
    pub fn frame(&mut self, seconds: f64) -> bool {
        if !(0.0..1.0).contains(&seconds) {
            // The window stood still: that says nothing of the machine.
            return false;
        }
        self.mean += NEWEST * (seconds - self.mean);
        self.slow = if self.mean > SLOW { self.slow + seconds } else { 0.0 };
        self.fast = if self.mean < FAST { self.fast + seconds } else { 0.0 };
        if self.slow > PATIENCE.0 && self.level + 1 < LEVELS.len() {
            if self.rose {
                self.wait = (2.0 * self.wait).min(LONGEST_WAIT);
            }
            self.change(self.level + 1, false);
            return true;
        }
        if self.fast > PATIENCE.1 * self.wait && self.level > 0 {
            self.change(self.level - 1, true);
            return true;
        }
        false
    }

    fn change(&mut self, level: usize, rose: bool) {
        (self.level, self.rose, self.slow, self.fast) = (level, rose, 0.0, 0.0);
        self.mean = 0.5 * (SLOW + FAST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs for so many seconds on a machine that takes `cost` seconds for a full frame.
    fn run(quality: &mut Quality, cost: f64, seconds: f64) -> usize {
        let (mut time, mut changes) = (0.0, 0);
        while time < seconds {
            let scale = quality.level().scale;
            let frame = (cost * scale * scale).max(1.0 / 60.0);
            changes += usize::from(quality.frame(frame));
            time += frame;
        }
        changes
    }

    #[test]
    fn a_slow_machine_steps_down_until_it_is_smooth_and_does_not_flutter() {
        let mut quality = Quality::default();
        run(&mut quality, 0.1, 30.0);
        let level = quality.level();
        assert!(0.1 * level.scale * level.scale < SLOW, "{level:?}");
        assert!(run(&mut quality, 0.1, 600.0) < 20, "it goes up and down all the time");
        let mut fast = Quality::default();
        assert_eq!(run(&mut fast, 0.005, 60.0), 0);
    }

    #[test]
    fn it_rises_again_when_there_is_room_and_pauses_say_nothing() {
        let mut quality = Quality::default();
        run(&mut quality, 0.3, 30.0);
        assert!(quality.steps_down() > 2);
        run(&mut quality, 0.002, 200.0);
        assert_eq!(quality.steps_down(), 0);
        for odd in [f64::NAN, -1.0, 5.0, f64::INFINITY] {
            assert!(!quality.frame(odd));
        }
    }

    #[test]
    fn each_step_down_costs_something_and_gives_nothing_back() {
        for pair in LEVELS.windows(2) {
            let [a, b] = pair else { unreachable!() };
            assert!(b.painted <= a.painted && b.scale <= a.scale && b.glow <= a.glow && a != b);
        }
    }
}
