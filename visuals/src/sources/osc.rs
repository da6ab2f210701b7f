//! Notes and beats that come by OSC: [`crate::control::osc::address::PLAYED`].

use super::player::Player;
use super::{Feed, Played};
use crate::show::clock::Reading;
use oneiro::bridge::ShowEvent;

/// Music by OSC. Its time goes on from each beat that is told, in their tempo; without any, in its own.
#[derive(Debug)]
pub struct Osc {
    player: Player,
    notes: u64,
}

impl Osc {
    /// Nothing was played yet.
    pub fn new(tempo: f64) -> Self {
        Self { player: Player::new(tempo), notes: 0 }
    }
}

impl Feed for Osc {
    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
        self.player.advance(seconds, events)
    }

    fn set_tempo(&mut self, tempo: f64) -> bool {
        self.player.set_tempo(tempo)
    }

    fn play(&mut self, played: Played, seconds: f64) -> bool {
        match played {
            Played::Note { pitch, velocity } => {
                self.notes += u64::from(velocity > 0);
                self.player.message(seconds, &[0x90, pitch, velocity]);
            }
            Played::Beat(number) => self.player.beat(seconds, number),
        }
        true
    }

    fn about(&self) -> String {
        format!("OSC, {} notes; {:.1} bpm", self.notes, self.player.tempo())
    }
}
