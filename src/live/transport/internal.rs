use super::TransportSource;
use crate::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};

/// A clock of our own, counted in samples.
#[derive(Debug, Clone)]
pub struct InternalClock {
    rate: f64,
    playing: bool,
    tempo: Bpm,
    time_signature: TimeSignature,
    /// The position is `anchor` and what `samples` make at the tempo: a sum of rounded steps would drift.
    anchor: f64,
    samples: u64,
}

impl InternalClock {
    /// A stopped clock at the beginning, in 4/4.
    pub fn new(rate: SampleRate, tempo: Bpm) -> Self {
        Self {
            rate: f64::from(rate.0.max(1)),
            playing: false,
            tempo,
            time_signature: TimeSignature::COMMON,
            anchor: 0.0,
            samples: 0,
        }
    }

    /// Where the next block begins.
    pub fn pos_beats(&self) -> Beats {
        Beats(self.anchor + self.samples as f64 / self.samples_per_beat())
    }

    /// Whether time runs.
    pub fn playing(&self) -> bool {
        self.playing
    }

    /// The tempo of the next block.
    pub fn tempo(&self) -> Bpm {
        self.tempo
    }

    /// Lets time run or stand still.
    pub fn set_playing(&mut self, playing: bool) {
        self.playing = playing;
    }

    /// Changes the tempo from the next block on; the position stays.
    pub fn set_tempo(&mut self, tempo: Bpm) {
        if tempo != self.tempo {
            self.locate(self.pos_beats());
            self.tempo = tempo;
        }
    }

    /// Changes the metre from the next block on.
    pub fn set_time_signature(&mut self, time_signature: TimeSignature) {
        self.time_signature = time_signature;
    }

    /// Moves to a position; one that is not finite is ignored.
    pub fn locate(&mut self, to: Beats) {
        if to.0.is_finite() {
            self.anchor = to.0;
            self.samples = 0;
        }
    }

    fn samples_per_beat(&self) -> f64 {
        self.rate * self.tempo.seconds_per_beat()
    }
}

impl TransportSource for InternalClock {
    fn next_block(&mut self, frames: u32) -> Transport {
        let transport = Transport {
            playing: self.playing,
            pos_beats: self.pos_beats(),
            tempo: self.tempo,
            time_signature: self.time_signature,
        };
        if self.playing {
            self.samples += u64::from(frames);
        }
        transport
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> InternalClock {
        InternalClock::new(SampleRate(48_000), Bpm(120.0))
    }

    #[test]
    fn an_hour_of_odd_blocks_ends_where_one_block_does() {
        let (mut whole, mut cut) = (clock(), clock());
        whole.set_playing(true);
        cut.set_playing(true);
        whole.next_block(3600 * 48_000);
        let mut rest = 3600 * 48_000;
        for block in [61, 4096, 1, 333].into_iter().cycle() {
            let frames = rest.min(block);
            cut.next_block(frames);
            rest -= frames;
            if rest == 0 {
                break;
            }
        }
        assert_eq!(whole.pos_beats(), Beats(7200.0));
        assert_eq!(cut.pos_beats(), whole.pos_beats());
    }

    #[test]
    fn a_stopped_clock_stays_and_a_change_of_tempo_keeps_the_position() {
        let mut clock = clock();
        clock.next_block(48_000);
        assert_eq!(clock.pos_beats(), Beats(0.0));
        clock.set_playing(true);
        clock.next_block(48_000);
        clock.set_tempo(Bpm(60.0));
        assert_eq!(clock.pos_beats(), Beats(2.0));
        clock.next_block(48_000);
        assert_eq!(clock.pos_beats(), Beats(3.0));
        clock.locate(Beats(-4.0));
        clock.locate(Beats(f64::NAN));
        assert_eq!(clock.next_block(10).pos_beats, Beats(-4.0));
    }
}
