//! What a melody network in training makes of tunes that it does not learn, as piano rolls.

use anyhow::{Context, Result};
use image::RgbImage;
use oneiro::compose::{Freedom, MelodyModel};
use oneiro::model::inspect::Inspected;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::music::encoding::{EncodedTune, REST, bar_steps};
use oneiro::music::roll_strips::{Strip, draw_strips};
use oneiro::music::{Note, STEPS_PER_BEAT};
use oneiro::time::Beats;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Tunes on a sheet.
const SHOWN: usize = 6;
/// Bars that are heard at most, half of a shorter tune; as many are composed.
const BARS: u32 = 4;
/// Width of a sheet in pixels.
const WIDTH: u32 = 900;

/// The beginnings of some of `tunes`, to be gone on with: always the same, and with the same luck, so that what changes
/// from sheet to sheet comes from the weights alone.
pub struct Openings {
    /// With the steps at which what is composed ends.
    openings: Vec<(EncodedTune, u32)>,
    seed: u64,
}

impl Openings {
    /// Tunes spread over all that are longer than what is heard of them.
    pub fn new<'a>(tunes: impl Iterator<Item = &'a EncodedTune>, seed: u64) -> Self {
        let openings = tunes.filter_map(opening).collect::<Vec<_>>();
        let every = openings.len().div_ceil(SHOWN).max(1);
        Self { openings: openings.into_iter().step_by(every).collect(), seed }
    }

    /// Draws each opening in amber and what the model composes after it in teal.
    ///
    /// # Errors
    /// If the model cannot be opened or run.
    pub fn draw(&self, model: Inspected) -> Result<RgbImage> {
        let mut model = MelodyModel::new(Session::from_inspected(model, &SessionOptions::default())?)?;
        let mut strips = Vec::new();
        for (number, (opening, whole)) in self.openings.iter().enumerate() {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(number as u64);
            let end = *opening.positions().last().context("an opening has events")?;
            let tune = model.go_on(opening, whole.saturating_sub(end), Freedom::default(), &mut rng)?;
            let beats = |steps: u32| Beats::from_steps(i64::from(steps), STEPS_PER_BEAT);
            let notes = tune.decode("").notes_at(beats(tune.start_step), 100);
            let (heard, composed): (Vec<Note>, Vec<Note>) = notes.into_iter().partition(|n| n.onset < beats(end));
            strips.push(Strip::of_notes(vec![heard, composed], tune.metre, beats((*whole).max(end))));
        }
        Ok(draw_strips(&strips, WIDTH))
    }
}

/// The events that begin in the first bars of a tune, and the step at which as many bars more end; `None` where nothing
/// sounds in them, or where there is but one bar.
fn opening(tune: &EncodedTune) -> Option<(EncodedTune, u32)> {
    let (bar, positions) = (bar_steps(tune.metre), tune.positions());
    let bars = (positions.last()?.div_ceil(bar) / 2).min(BARS);
    let tokens = tune.tokens.iter().zip(&positions).take_while(|(_, at)| **at < bars * bar).map(|(t, _)| *t);
    let tokens = tokens.collect::<Vec<_>>();
    let sounds = tokens.iter().any(|t| t.pitch != REST);
    sounds.then(|| (EncodedTune { tokens, ..tune.clone() }, 2 * bars * bar))
}
