//! Sound from a device: what is heard becomes events, and its tempo the show's.

use super::Feed;
use super::hearing::Hearing;
use super::pulse::Pulse;
use crate::show::clock::Reading;
use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};
use oneiro::bridge::{Part, RingReceiver, ShowEvent, ShowKind, ring};
use oneiro::time::{Beats, Bpm, TimeSignature};

/// Seconds of sound that wait to be heard; what comes when as much waits is lost.
const WAITING: f64 = 1.0;
/// How much of a difference of phase is made up for with each look, and of tempo.
const FOLLOW: (f64, f64) = (0.15, 0.35);
/// Differences of tempo above this share are another tempo.
const OTHER: f64 = 0.06;
/// How plain a beat must be to be followed.
const SURE: f32 = 0.2;

/// Why nothing can be heard.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// There is no input of that name, or none at all.
    #[error("no sound input{0} was found")]
    None(String),
    /// It cannot be opened.
    #[error("{device}: {reason}")]
    Device {
        /// Its name.
        device: String,
        /// What the system says.
        reason: String,
    },
}

/// Sound from a device.
pub struct Sound {
    /// Held open; it stops when it is dropped.
    _stream: cpal::Stream,
    samples: RingReceiver<f32>,
    listener: Listener,
    buffer: Vec<f32>,
    name: String,
}

impl Sound {
    /// Opens an input by a part of its name; the system's choice for an empty one.
    ///
    /// # Errors
    /// [`SoundError`].
    pub fn open(part: &str, tempo: f64) -> Result<Self, SoundError> {
        let host = cpal::default_host();
        let lower = part.to_lowercase();
        let named = |device: &cpal::Device| device.to_string().to_lowercase().contains(&lower);
        let device = if part.is_empty() {
            host.default_input_device()
        } else {
            host.input_devices().ok().and_then(|mut devices| devices.find(named))
        };
        let what = if part.is_empty() { String::new() } else { format!(" called `{part}`") };
        let device = device.ok_or(SoundError::None(what))?;
        let name = device.to_string();
        let fail = |e: &dyn std::fmt::Display| SoundError::Device { device: name.clone(), reason: e.to_string() };
        let config = device.default_input_config().map_err(|e| fail(&e))?;
        let (rate, channels) = (f64::from(config.sample_rate()), usize::from(config.channels()).max(1));
        let (mut heard, samples) = ring((WAITING * rate) as usize);
        // Runs on the device's thread, which waits for nobody.
        let take = move |data: &[f32], _: &cpal::InputCallbackInfo| {
            for frame in data.chunks_exact(channels) {
                if heard.send(frame.iter().sum::<f32>() / channels as f32).is_err() {
                    break;
                }
            }
        };
        // A device that vanishes falls silent; time goes on.
        let stream = device.build_input_stream(config.into(), take, |_| {}, None).map_err(|e| fail(&e))?;
        stream.play().map_err(|e| fail(&e))?;
        Ok(Self { _stream: stream, samples, listener: Listener::new(rate, tempo), buffer: Vec::new(), name })
    }
}

impl Feed for Sound {
    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
        self.buffer.clear();
        self.buffer.extend(std::iter::from_fn(|| self.samples.receive()));
        self.listener.hearing.hear(&self.buffer);
        self.listener.advance(seconds, events)
    }

    fn set_tempo(&mut self, tempo: f64) -> bool {
        self.listener.set_tempo(tempo);
        true
    }

    fn about(&self) -> String {
        let beat = if self.listener.follows { "heard" } else { "own time" };
        format!("{}; {beat}, {:.1} bpm", self.name, self.listener.tempo)
    }
}

/// What is heard, as events.
struct Listener {
    hearing: Hearing,
    tempo: f64,
    /// A second, and the position then.
    anchor: (f64, f64),
    asked: f64,
    /// The look at the beat that was followed last.
    looked: Option<super::hearing::Beat>,
    follows: bool,
    pulse: Pulse,
}

impl Listener {
    fn new(rate: f64, tempo: f64) -> Self {
        Self {
            hearing: Hearing::new(rate),
            tempo: tempo.clamp(20.0, 400.0),
            anchor: (0.0, 0.0),
            asked: 0.0,
            looked: None,
            follows: false,
            pulse: Pulse::new(TimeSignature::COMMON),
        }
    }

    fn beats_at(&self, seconds: f64) -> f64 {
        self.anchor.1 + (seconds - self.anchor.0) * self.tempo / 60.0
    }

    fn set_tempo(&mut self, tempo: f64) {
        if tempo.is_finite() {
            self.anchor = (self.asked, self.beats_at(self.asked));
            self.tempo = tempo.clamp(20.0, 400.0);
        }
    }

    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
        self.asked = seconds;
        // The last sample that was heard is now.
        let behind = seconds - self.hearing.seconds();
        if self.looked != self.hearing.beat {
            self.looked = self.hearing.beat;
            let sure = self.looked.filter(|beat| beat.sure > SURE);
            self.follows = sure.is_some();
            if let Some(beat) = sure {
                self.follow(beat.tempo, beat.at + behind, seconds);
            }
        }
        let beats = self.beats_at(seconds);
        for onset in std::mem::take(&mut self.hearing.onsets) {
            let pos_beats = Beats(self.beats_at((onset.at + behind).min(seconds)));
            let velocity = (30.0 + 97.0 * onset.strength) as u8;
            events.push(ShowEvent {
                pos_beats,
                kind: ShowKind::NoteOn { part: Part::Call, pitch: onset.pitch, velocity },
            });
        }
        self.pulse.advance(beats, self.hearing.loudness, events);
        Reading { seconds, beats: Beats(beats), tempo: Bpm(self.tempo), playing: true }
    }

    /// Goes towards a tempo and towards having a beat at a second.
    fn follow(&mut self, tempo: f64, at: f64, seconds: f64) {
        let now = self.beats_at(seconds);
        let other = (tempo / self.tempo - 1.0).abs() > OTHER;
        let next = if other { tempo } else { self.tempo + FOLLOW.1 * (tempo - self.tempo) };
        let off = self.beats_at(at);
        let off = off - off.round();
        // A new tempo takes its beat at once. The show's clock sees to it that nothing runs backwards.
        let part = if other { 1.0 } else { FOLLOW.0 };
        self.anchor = (seconds, now - part * off);
        self.tempo = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_show_falls_in_with_what_is_heard() {
        let rate = 48_000.0;
        let mut listener = Listener::new(rate, 90.0);
        let mut events = Vec::new();
        let mut off = 0.0_f64;
        for frame in 0..900 {
            let seconds = f64::from(frame) / 60.0;
            let block: Vec<f32> = (0..800)
                .map(|i| {
                    let t = seconds + f64::from(i) / rate;
                    let since = (t - 0.13).rem_euclid(60.0 / 126.0);
                    ((std::f64::consts::TAU * 330.0 * t).sin() * (-20.0 * since).exp() * 0.5) as f32
                })
                .collect();
            listener.hearing.hear(&block);
            let reading = listener.advance(seconds + 800.0 / rate, &mut events);
            if seconds > 11.0 {
                let beat = (reading.seconds - 0.13) * 126.0 / 60.0 - reading.beats.0;
                off = off.max((beat - beat.round()).abs());
                assert!((reading.tempo.0 - 126.0).abs() < 2.5, "{}", reading.tempo.0);
            }
        }
        assert!(listener.follows && off < 0.16, "{off} of a beat off");
        assert!(events.iter().filter(|e| matches!(e.kind, ShowKind::NoteOn { .. })).count() > 20);
    }
}
