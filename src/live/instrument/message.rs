use super::super::setup::PlayerKind;
use super::super::synth::Patch;
use super::super::transport::ClockMessage;
use crate::bridge::Part;
use crate::time::{Beats, Bpm, TimeSignature, Transport};

/// Something a player wants, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// The sample at which it was wanted, counted from the preparation; see [`crate::bridge::SampleClock`].
    pub sample: u64,
    /// What.
    pub kind: OrderKind,
}

/// What a player wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OrderKind {
    /// A key, or a panic.
    Play(PlayerKind),
    /// A message of a MIDI clock outside.
    Clock(ClockMessage),
    /// A tap of the tempo.
    Tap,
    /// Lets the own clock run or stand still.
    Run(bool),
    /// Moves the own clock.
    Locate(Beats),
    /// Changes the tempo of the own clock: 5 to 1,000 quarter notes a minute, others are ignored.
    Tempo(Bpm),
    /// Changes the metre.
    Metre(TimeSignature),
    /// Takes time from the clock outside, or from the own one again, which then goes on from there.
    Follow(bool),
    /// Sends MIDI clock, or no longer.
    SendClock(bool),
    /// Changes an instrument.
    Patch(Part, Patch),
    /// Changes the level of all sound, 0 to 1.
    Volume(f32),
}

/// Something that has happened, with its sample counted from the preparation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// When.
    pub sample: u64,
    /// What.
    pub kind: ReportKind,
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ReportKind {
    /// A player did this.
    Player(PlayerKind),
    /// A note began, or ended where the velocity is 0.
    Note {
        /// Whose.
        part: Part,
        /// MIDI key number: 0 to 127.
        pitch: u8,
        /// 0 to 127.
        velocity: u8,
    },
    /// Time runs on like this from here; told when it is not what the last one makes expected.
    Transport(Transport),
    /// An instrument was changed.
    Patch(Part, Patch),
    /// To be sent to those who follow our clock.
    Clock(ClockMessage),
}
