//! Where a reel's stage begins anew, so that a late part of it can be drawn without all that went before.
//!
//! From frame to frame a stage carries trails, the flash guard's account of the last second, the pictures of the last tenth, and a
//! text. All else follows from positions and orders alone, and is gone through in no time. A chapter begins every so many seconds;
//! some seconds before, a second stage begins with nothing, and takes over with the chapter: by then nothing is left of what it has
//! not seen. Where that is not so, there is no chapter.

use crate::film::Rehearsal;
use crate::show::dials::{TRAIL, TRAIL_MODE};
use crate::show::plan::{Layer, Plan};
use crate::show::{Show, step};
use oneiro::render::{CHAPTER_SECONDS, RUN_UP_SECONDS, Reel};
use oneiro::time::Beats;
use std::collections::VecDeque;

/// Longest run-up, in seconds: it is drawn twice.
const LONGEST: f64 = 6.0;
/// How much of a trail may be left, of full light, when a chapter begins: less than a step of 8 bits, in the dark too.
const LEFT: f64 = 1.0 / 4000.0;
/// How trails lie under the new picture that let more through where it is dark, and how much more: as in `trail.wgsl`.
const THROUGH: (i32, f64) = (2, 0.3);

/// A chapter, by the numbers of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chapter {
    /// Where a second stage begins.
    pub run_up: u64,
    /// Where it takes over.
    pub begin: u64,
}

/// The chapters of a reel up to the last frame that it gives out; the beginning is none. They follow from what comes before each, so
/// a part has those of the whole.
pub(super) fn chapters(
    reel: &Reel,
    rehearsal: &mut Rehearsal,
    mut tell: impl FnMut(&mut Show, Beats, f64),
) -> Vec<Chapter> {
    let [length, shortest, longest] =
        [CHAPTER_SECONDS, RUN_UP_SECONDS, LONGEST].map(|seconds| reel.fps.frames_in(seconds));
    let (mut memory, mut found, mut before) = (Memory::new(longest), Vec::new(), 0.0);
    for number in 0..reel.frames.1 {
        memory.turn();
        for seconds in reel.moments(number) {
            let plan = rehearsal.frame(seconds, |show, beats| tell(show, beats, seconds));
            memory.see(&plan, step(before, seconds));
            before = seconds;
        }
        if number > 0 && number.is_multiple_of(length) {
            let far = memory.reach().map(|far| far.max(shortest)).filter(|far| *far <= longest);
            found.extend(far.map(|far| Chapter { run_up: number - far, begin: number }));
        }
    }
    found
}

/// What frames have left of those before them, for as many as a run-up may have.
struct Memory {
    longest: usize,
    /// The last frames, the newest last: what each of its layers leaves of what was there.
    frames: VecDeque<Frame>,
}

#[derive(Default)]
struct Frame {
    /// Appearances of scenes, and the natural logarithm of the share that is left; nothing is left where one is new.
    left: Vec<(u64, f64)>,
    frozen: bool,
}

impl Memory {
    fn new(longest: u64) -> Self {
        Self { longest: longest as usize, frames: VecDeque::new() }
    }

    /// Another frame begins.
    fn turn(&mut self) {
        if self.frames.len() > self.longest {
            self.frames.pop_front();
        }
        self.frames.push_back(Frame::default());
    }

    /// A moment of that frame, so many seconds after the one before.
    fn see(&mut self, plan: &Plan, step: f64) {
        let before = self.frames.len().checked_sub(2).and_then(|place| self.frames.get(place));
        let is_new = |id: u64| !before.is_some_and(|frame| frame.left.iter().any(|(other, _)| *other == id));
        let left: Vec<(u64, f64)> = plan
            .layers
            .iter()
            .map(|layer| (layer.id, if is_new(layer.id) { f64::NEG_INFINITY } else { left(layer, step).ln() }))
            .collect();
        let Some(frame) = self.frames.back_mut() else { return };
        frame.frozen |= plan.frozen;
        for (id, left) in left {
            match frame.left.iter_mut().find(|(other, _)| *other == id) {
                Some((_, sum)) => *sum += left,
                None => frame.left.push((id, left)),
            }
        }
    }

    /// How many frames before the last one a stage may begin with nothing and show the same by now; `None` for more than are
    /// remembered.
    fn reach(&self) -> Option<u64> {
        let last = self.frames.back()?;
        let mut reach = 0;
        for (id, _) in &last.left {
            let mut sum = 0.0;
            let far = self.frames.iter().rev().position(|frame| {
                sum += frame.left.iter().find(|(other, _)| other == id).map_or(f64::NEG_INFINITY, |(_, left)| *left);
                sum <= LEFT.ln()
            });
            // The frame at which a stage begins leaves nothing; those after it are what counts.
            reach = reach.max(far? as u64 + 1);
        }
        // What stands still is from before it was frozen.
        let frozen = self.frames.iter().any(|frame| frame.frozen);
        Some(reach).filter(|_| !frozen)
    }
}

/// How much of what was there a layer leaves at most in a moment.
fn left(layer: &Layer, step: f64) -> f64 {
    let trail = f64::from(layer.dials[TRAIL]);
    let keep = if trail > 1e-3 { (-step / trail).exp() } else { 0.0 };
    let (through, more) = THROUGH;
    match layer.dials[TRAIL_MODE].round() as i32 {
        // As the shader has it, where so little makes no trail at all.
        _ if keep <= 1e-3 => 0.0,
        mode if mode == through => keep + more * (1.0 - keep),
        _ => keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::dials::DIALS;

    fn plan(layers: &[(u64, f32)]) -> Plan {
        let layer = |(id, trail): &(u64, f32)| {
            let mut dials: Vec<f32> = DIALS.iter().map(|dial| dial.usual).collect();
            dials[TRAIL] = *trail;
            Layer { id: *id, scene: 0, dials, palette: Default::default(), sources: [0, 0], signals: [0.0; 3] }
        };
        let layers = layers.iter().map(layer).collect();
        Plan { layers, share: 0.0, light: 1.0, strobe: 0.0, text: 0.0, frozen: false, guard: true }
    }

    /// What is remembered of frames at 30 a second.
    fn reach(frames: &[Plan]) -> Option<u64> {
        let mut memory = Memory::new(180);
        for plan in frames {
            memory.turn();
            memory.see(plan, 1.0 / 30.0);
        }
        memory.reach()
    }

    #[test]
    fn a_stage_may_begin_where_nothing_is_left_of_what_was_before() {
        let of = |trail: f32| reach(&vec![plan(&[(1, trail)]); 600]);
        // Without trails each frame stands for itself; with them e-folds are counted: ln 4000 is 8.3.
        assert_eq!((of(0.0), of(1e-4)), (Some(1), Some(1)));
        assert_eq!((of(0.35), of(0.7)), (Some(88), Some(175)));
        assert_eq!((of(0.8), of(3.0)), (None, None), "more than six seconds are too many");
        // What is new brings nothing with it, however long its trails are, and what has gone is gone.
        let (old, new) = (plan(&[(1, 3.0)]), plan(&[(2, 3.0)]));
        let both = plan(&[(1, 3.0), (2, 3.0)]);
        let mut frames = vec![old.clone(); 300];
        frames.extend(vec![both; 20]);
        assert_eq!(reach(&frames), None);
        frames.extend(vec![new; 30]);
        assert_eq!(reach(&frames), Some(50));
    }

    #[test]
    fn what_is_frozen_is_no_place_to_begin_anew() {
        let calm = plan(&[(1, 0.0)]);
        let frozen = Plan { frozen: true, ..calm.clone() };
        let mut frames = vec![calm.clone(); 200];
        frames.push(frozen);
        frames.extend(vec![calm.clone(); 100]);
        assert_eq!(reach(&frames), None);
        frames.extend(vec![calm; 200]);
        assert_eq!(reach(&frames), Some(1));
    }
}
