//! Going on with a tune as the network likes, without the rules of an answer.

use super::sampler::{Freedom, Moment, Rules, choose, closable};
use super::{ComposeError, MelodyModel, Place};
use crate::music::PitchClassSet;
use crate::music::encoding::{DURATIONS, EncodedTune, REST, bar_steps, metre_class, pitch_of};
use rand_chacha::ChaCha8Rng;

impl MelodyModel {
    /// Forgets everything, hears `opening` and goes on with it for `steps` grid steps: the opening with what follows,
    /// which may end a little earlier where no event fits.
    ///
    /// # Errors
    /// As [`MelodyModel::expect`].
    pub fn go_on(
        &mut self,
        opening: &EncodedTune,
        steps: u32,
        freedom: Freedom,
        rng: &mut ChaCha8Rng,
    ) -> Result<EncodedTune, ComposeError> {
        let (bar, metre) = (bar_steps(opening.metre), metre_class(opening.metre));
        let place = |at: u32| Place { position: at % bar, metre, bars: at as f32 / bar as f32 };
        self.forget();
        for (token, at) in opening.tokens.iter().zip(opening.positions()) {
            self.listen(place(at), *token)?;
        }
        let rules = Rules {
            first_pitch: opening.first_pitch,
            tones: PitchClassSet::ALL,
            range: (0, 127),
            closing_tones: PitchClassSet::ALL,
            closing_steps: 1,
            shortest: 1,
            grid: 1,
            closable: closable(steps, 1, 1, 1),
        };
        let mut tune = opening.clone();
        let mut at = tune.positions().last().copied().unwrap_or(tune.start_step);
        let end = at + steps;
        while at < end {
            let expectation = self.expect(place(at))?;
            let sounding = tune.tokens.iter().rev().find(|t| t.pitch != REST);
            let moment = Moment {
                left: end - at,
                last_pitch: sounding.and_then(|t| pitch_of(t.pitch, tune.first_pitch)),
                harmony: None,
                echoes: &[],
                echo_cost: 0.0,
                rests: 0.0,
                pace: None,
                avoid: &[],
            };
            let Some(event) = choose(&expectation, &rules, &moment, freedom, rng) else { break };
            self.hear(expectation, event);
            tune.tokens.push(event);
            at += u32::from(DURATIONS[usize::from(event.duration)]);
        }
        Ok(tune)
    }
}
