use super::{ClockMessage, TICKS_PER_BEAT, TICKS_PER_POSITION};
use crate::time::{SampleRate, Transport};

/// Sends MIDI clock that others follow.
///
/// Ticks go on while time stands still, at the tempo, so that followers keep it. A jump is told as stop, position,
/// continue: the position is whole sixteenth notes, so time runs on for the others at the next of these.
#[derive(Debug, Clone)]
pub struct ClockOut {
    rate: f64,
    was_playing: bool,
    /// The next tick to send: counted from the beginning while playing.
    next: i64,
    /// While stopped, samples until the next tick.
    rest: f64,
    /// A follower starts at this tick.
    waiting: Option<(i64, ClockMessage)>,
}

impl ClockOut {
    /// Has sent nothing yet.
    pub fn new(rate: SampleRate) -> Self {
        Self { rate: f64::from(rate.0.max(1)), was_playing: false, next: 0, rest: 0.0, waiting: None }
    }

    /// Gives the messages of a block of `frames` samples, each with its sample, to `send`, in order.
    ///
    /// # Realtime Safety
    /// No allocation, lock or wait, as long as `send` keeps to that.
    pub fn block(&mut self, transport: &Transport, frames: u32, send: &mut impl FnMut(u32, ClockMessage)) {
        let period = self.rate * transport.tempo.seconds_per_beat() / f64::from(TICKS_PER_BEAT);
        if !transport.playing {
            if self.was_playing {
                send(0, ClockMessage::Stop);
                self.waiting = None;
            }
            while self.rest < f64::from(frames) {
                send(self.rest as u32, ClockMessage::Tick);
                self.rest += period;
            }
            self.rest -= f64::from(frames);
            self.was_playing = false;
            return;
        }
        // So far that no count of ticks overflows; no music is that long.
        let at = (transport.pos_beats.0 * f64::from(TICKS_PER_BEAT)).clamp(-1e12, 1e12);
        let due = (at - 1e-6).ceil() as i64;
        let jumped = self.was_playing && (due - self.next).abs() > 1;
        if jumped {
            send(0, ClockMessage::Stop);
        }
        if jumped || !self.was_playing {
            self.next = due;
            // Before the beginning there is no position: the others start at beat 0.
            let step = i64::from(TICKS_PER_POSITION);
            let from = (due.max(0) + step - 1) / step;
            let position = u16::try_from(from).unwrap_or(u16::MAX).min(16_383);
            let message = if from == 0 { ClockMessage::Start } else { ClockMessage::Continue };
            if from > 0 {
                send(0, ClockMessage::Position(position));
            }
            self.waiting = Some((from * step, message));
        }
        // One that is due since the last block, by rounding, comes at once.
        while (self.next as f64 - at) * period < f64::from(frames) - 1e-6 {
            let offset = ((self.next as f64 - at) * period).max(0.0) as u32;
            if let Some((_, message)) = self.waiting.take_if(|(tick, _)| *tick <= self.next) {
                send(offset, message);
            }
            send(offset, ClockMessage::Tick);
            self.next += 1;
        }
        self.rest = (self.next as f64 - at) * period - f64::from(frames);
        self.was_playing = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ClockIn, InternalClock, TransportSource};
    use super::*;
    use crate::time::{Beats, Bpm};

    const RATE: SampleRate = SampleRate(48_000);

    fn messages(clock: &mut InternalClock, out: &mut ClockOut, blocks: &[u32]) -> Vec<(i64, ClockMessage)> {
        let (mut start, mut all) = (0, Vec::new());
        for &frames in blocks {
            let transport = clock.next_block(frames);
            out.block(&transport, frames, &mut |offset, message| all.push((start + i64::from(offset), message)));
            start += i64::from(frames);
        }
        all
    }

    #[test]
    fn any_split_into_blocks_sends_the_same_ticks() {
        let run = |blocks: &[u32]| {
            let (mut clock, mut out) = (InternalClock::new(RATE, Bpm(127.0)), ClockOut::new(RATE));
            clock.set_playing(true);
            messages(&mut clock, &mut out, blocks)
        };
        let whole = run(&[96_000]);
        assert_eq!(whole[0], (0, ClockMessage::Start));
        assert_eq!(whole.iter().filter(|(_, m)| *m == ClockMessage::Tick).count(), 102);
        let cut = run(&[1; 96_000]);
        assert_eq!(cut.len(), whole.len());
        for (a, b) in whole.iter().zip(&cut) {
            assert!(a.1 == b.1 && (a.0 - b.0).abs() <= 1, "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_is_sent_is_followed() {
        let (mut clock, mut out, mut follower) =
            (InternalClock::new(RATE, Bpm(96.0)), ClockOut::new(RATE), ClockIn::new(RATE));
        clock.locate(Beats(8.0));
        clock.set_playing(true);
        for block in 0..3000 {
            if block == 1500 {
                clock.locate(Beats(33.0));
            }
            let told = clock.next_block(64);
            out.block(&told, 64, &mut |offset, message| follower.message(offset, message));
            let heard = follower.next_block(64);
            let settling = block < 40 || (1500..1560).contains(&block);
            if !settling {
                let off = (heard.pos_beats.0 - told.pos_beats.0).abs() * 60.0 / 96.0 * 1000.0;
                assert!(heard.playing && off < 1.5, "{off} ms in block {block}: {heard:?} for {told:?}");
            }
        }
        clock.set_playing(false);
        let told = clock.next_block(64);
        out.block(&told, 64, &mut |offset, message| follower.message(offset, message));
        assert!(!follower.next_block(64).playing);
    }

    #[test]
    fn ticks_go_on_at_rest() {
        let (mut clock, mut out) = (InternalClock::new(RATE, Bpm(120.0)), ClockOut::new(RATE));
        let all = messages(&mut clock, &mut out, &[64; 750]);
        assert_eq!(all.len(), 48);
        assert!(all.iter().all(|(_, m)| *m == ClockMessage::Tick));
    }
}
