//! The audio side of a performance: everything at its sample.

mod due;
mod notes;
mod second;

use super::clock::Clock;
use super::pulse::Pulse;
use super::schedule::Schedule;
use super::setup::{PlayedNote, PlayerEvent, PlayerKind, Setup, playable};
use super::sounding::Sounding;
use super::synth::{CHUNK, Patch, Sampler, Synth};
use crate::bridge::{AudioSide, ClockReading, Full, HeardKind, Meters, Part, Plan, RelaySender, Scheduled, ShowKind};
use crate::time::{Beats, SampleRate, Transport};
use notes::{Here, is_sane};
use second::Second;

/// The audio side of a performance: schedule, clock, synth and the rings to the other threads.
///
/// It may move to another thread and belongs to one at a time. Dropping it frees memory: not on the audio thread.
#[derive(Debug)]
pub struct Performer {
    setup: Setup,
    side: AudioSide,
    clock: Clock,
    pulse: Pulse,
    schedule: Schedule,
    sounding: Sounding,
    second: Second,
    synth: Synth,
    /// Samples since preparation: the first sample of the block that comes next.
    now: i64,
    epoch: u32,
    /// Messages that were sent to the composer.
    told: u64,
    /// Sum of squares since the last beat, and of how many samples.
    energy: (f64, u64),
    /// To other programs.
    relay: Option<RelaySender>,
}

impl Performer {
    /// Allocates everything that playing needs.
    pub fn prepare(setup: Setup, side: AudioSide) -> Self {
        let rate = playable(setup.sample_rate);
        Self {
            setup: Setup { sample_rate: rate, ..setup },
            side,
            clock: Clock::new(rate),
            pulse: Pulse::new(),
            schedule: Schedule::prepare(setup.queue_capacity),
            sounding: Sounding::new(),
            second: Second::default(),
            synth: Synth::prepare(rate, &setup.parts),
            now: 0,
            epoch: 0,
            told: 0,
            energy: (0.0, 0),
            relay: None,
        }
    }

    /// With a SoundFont, for [`Patch::Sampled`].
    #[must_use]
    pub fn with_sampler(mut self, sampler: Sampler) -> Self {
        self.synth.set_sampler(sampler);
        self
    }

    /// Keeps each part of a block of up to `longest` samples by itself, for [`Performer::stem`]: for renderings. Allocates.
    #[must_use]
    pub fn with_stems(mut self, longest: usize) -> Self {
        self.synth.keep_stems(self.setup.sample_rate, longest);
        self
    }

    /// A part of the block that was played last, with its share of the effects, at the level that it has in the mix: left and
    /// right. The parts add up to the mix, but for rounding. `None` without [`Performer::with_stems`].
    pub fn stem(&self, part: Part) -> Option<[&[f32]; 2]> {
        self.synth.stem(part)
    }

    /// With a relay to other programs.
    #[must_use]
    pub fn with_relay(mut self, relay: RelaySender) -> Self {
        self.relay = Some(relay);
        self
    }

    /// Says at which moment the block that comes next begins, by [`crate::moment::now_ns`]: other programs are told of it.
    ///
    /// # Realtime Safety
    /// Wait-free; no allocation.
    pub fn begins_at(&self, now_ns: u64) {
        if let Some(relay) = &self.relay {
            relay.begin(self.now as u64, now_ns);
        }
    }

    /// Whether other programs are told of anything: not while time runs faster than it does.
    pub fn set_relayed(&mut self, relayed: bool) {
        if let Some(relay) = &mut self.relay {
            relay.set_open(relayed);
        }
    }

    /// The number of the present stretch of time; see [`HeardKind::Transport`].
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// How many messages were sent to the composer since preparation: what else is told it can be put in order with them.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Plans that wait for their time.
    pub fn queued(&self) -> usize {
        self.schedule.len()
    }

    /// Notes that sound (a note in its release no longer counts).
    pub fn notes_sounding(&self) -> usize {
        self.sounding.len()
    }

    /// Voices that make sound, releases included.
    pub fn voices(&self) -> u32 {
        self.synth.voices()
    }

    /// Changes the instrument of a part for the notes to come; those that sound keep theirs.
    pub fn set_patch(&mut self, part: Part, patch: Patch) {
        self.setup.parts[part.index()].patch = patch;
        self.synth.set_patch(part, patch);
    }

    /// Queues a plan from the thread that owns the performer, as a composer does through its ring. A stale or malformed
    /// plan is counted and dropped, which is no error.
    ///
    /// # Errors
    /// The plan itself where the queue is full; it is counted.
    ///
    /// # Realtime Safety
    /// No allocation; logarithmic in the number of plans that wait.
    pub fn schedule(&mut self, plan: Plan) -> Result<(), Full<Plan>> {
        if plan.epoch() != self.epoch {
            self.side.counters.stale.raise();
        } else if !is_sane(&plan) {
            self.side.counters.malformed.raise();
        } else if let Plan::Withdraw { from, part, .. } = plan {
            self.schedule.retain(|queued| match queued {
                Plan::Note { note, .. } => note.part != part || note.at < from,
                Plan::Phrase { at, part: whose, .. } => *whose != part || *at < from,
                _ => true,
            });
        } else if !self.schedule.add(plan) {
            self.side.counters.queue_full.raise();
            return Err(Full(plan));
        }
        Ok(())
    }

    /// As [`Performer::reset_with`], without a listener for notes.
    pub fn reset(&mut self) {
        self.reset_with(&mut |_| ());
    }

    /// Ends every note, forgets every plan, and silences effects and tails. For a host's reset: not for use in mid-sound.
    /// `on_note` gets the ends of all notes, at the first sample of the next block.
    pub fn reset_with<F: FnMut(PlayedNote)>(&mut self, on_note: &mut F) {
        let mut here = Here { block_start: self.now, sample: self.now, on_note };
        self.break_off(&mut here);
        self.synth.silence();
        self.energy = (0.0, 0);
        self.announce(self.clock.pos_of(self.now));
    }

    /// Prepares for another sample rate: as [`Performer::reset`], and everything is silent. Rings, counts and instruments
    /// stay. Allocates: not on the audio thread.
    pub fn prepare_again(&mut self, sample_rate: SampleRate) {
        let rate = playable(sample_rate);
        self.setup.sample_rate = rate;
        self.synth = Synth::prepare(rate, &self.setup.parts);
        self.clock = Clock::new(rate);
        self.pulse = Pulse::new();
        if let Some(relay) = &mut self.relay {
            relay.set_rate(rate);
        }
        self.reset();
    }

    /// Plays one block: [`Performer::process_with`] without a listener for notes.
    ///
    /// # Realtime Safety
    /// As there.
    pub fn process(&mut self, transport: &Transport, player: &[PlayerEvent], left: &mut [f32], right: &mut [f32]) {
        self.process_with(transport, player, left, right, &mut |_| ());
    }

    /// Plays one block of any length into `left` and `right` (samples within ±0.89, that is -1 dBFS), and calls
    /// `on_note` for each note-on and note-off in order. `player` is sorted by offset. Where the two slices differ in
    /// length the rest of the longer one is silent.
    ///
    /// # Realtime Safety
    /// No allocation, lock, wait or I/O, as long as `on_note` keeps to that.
    pub fn process_with<F: FnMut(PlayedNote)>(
        &mut self,
        transport: &Transport,
        player: &[PlayerEvent],
        left: &mut [f32],
        right: &mut [f32],
        on_note: &mut F,
    ) {
        let length = left.len().min(right.len());
        left[length..].fill(0.0);
        right[length..].fill(0.0);
        let start = self.now;
        let end = start + length as i64;
        let mut here = Here { block_start: start, sample: start, on_note };
        self.synth.begin_block();
        self.follow(transport, &mut here);
        self.take_plans();
        let mut player = player.iter().peekable();
        while here.sample < end {
            while let Some(event) = player.next_if(|event| start + i64::from(event.sample_offset) <= here.sample) {
                self.play(event.kind, &mut here);
            }
            let until = self.play_due(&mut here).min(end).min(here.sample + CHUNK as i64);
            self.go_along(&mut here);
            let until = player.peek().map_or(until, |event| until.min(start + i64::from(event.sample_offset)));
            let range = (here.sample - start) as usize..(until - start) as usize;
            self.synth.render(&mut left[range.clone()], &mut right[range.clone()]);
            for (&l, &r) in left[range.clone()].iter().zip(&right[range]) {
                self.energy.0 += f64::from(l) * f64::from(l) + f64::from(r) * f64::from(r);
                self.energy.1 += 2;
            }
            here.sample = until;
        }
        // Events past the end of the block must not vanish: a note-off may be among them.
        here.sample = (end - 1).max(start);
        for event in player {
            self.play(event.kind, &mut here);
        }
        self.go_along(&mut here);
        self.now = end;
        self.report(&left[..length], &right[..length]);
    }

    /// Takes the block's transport: releases everything where time breaks off.
    fn follow<F: FnMut(PlayedNote)>(&mut self, transport: &Transport, here: &mut Here<F>) {
        let (change, clean) = self.clock.compare(self.now, transport);
        if change.malformed {
            self.side.counters.malformed.raise();
        }
        if change.stopped || change.jumped {
            self.break_off(here);
        }
        self.clock.follow(self.now, change, clean);
        if change.started || change.jumped {
            self.pulse.restart(&self.clock, self.now);
            self.energy = (0.0, 0);
        } else if change.metre && self.clock.playing() {
            self.pulse.change_metre(&self.clock, self.now);
        }
        if change.any() {
            self.announce(self.clock.pos_of(self.now));
        }
    }

    /// Ends a stretch of time: every note, every plan, and every plan still on its way.
    fn break_off<F: FnMut(PlayedNote)>(&mut self, here: &mut Here<F>) {
        self.end_all(here);
        self.tell_composer(self.clock.pos_of(here.sample), HeardKind::Break);
        self.forget_second();
        self.schedule.clear();
        self.epoch = self.epoch.wrapping_add(1);
    }

    fn announce(&mut self, pos_beats: Beats) {
        let (playing, tempo, epoch) = (self.clock.playing(), self.clock.tempo(), self.epoch);
        let time_signature = self.clock.time_signature();
        self.tell_composer(pos_beats, HeardKind::Transport { playing, tempo, time_signature, epoch });
        self.tell_show(pos_beats, ShowKind::Transport { playing, tempo, epoch });
    }

    /// Moves plans from the ring to the queue, as many as fit; the rest waits in the ring.
    fn take_plans(&mut self) {
        while !self.schedule.is_full() {
            let Some(plan) = self.side.plans.receive() else { break };
            // There is room, so nothing can be given back.
            let _ = self.schedule(plan);
        }
    }

    fn play<F: FnMut(PlayedNote)>(&mut self, kind: PlayerKind, here: &mut Here<F>) {
        let pos = self.clock.pos_of(here.sample);
        match kind {
            PlayerKind::NoteOn { pitch, velocity: 0 } | PlayerKind::NoteOff { pitch } if pitch < 128 => {
                self.end_note(Part::Call, pitch, pos, here);
            }
            PlayerKind::NoteOn { pitch, velocity } => self.press(Part::Call, pitch, velocity, pos, here),
            PlayerKind::Begin { part, pitch, velocity } => self.press(part, pitch, velocity, pos, here),
            PlayerKind::End { part, pitch } if pitch < 128 => self.end_note(part, pitch, pos, here),
            PlayerKind::Panic => {
                self.break_off(here);
                self.synth.panic();
                self.announce(pos);
            }
            PlayerKind::NoteOff { .. } | PlayerKind::End { .. } => self.side.counters.malformed.raise(),
        }
    }

    /// Begins a note that lasts until it is ended.
    fn press<F: FnMut(PlayedNote)>(&mut self, part: Part, pitch: u8, velocity: u8, pos: Beats, here: &mut Here<F>) {
        if pitch < 128 && (1..128).contains(&velocity) {
            let duration = Beats(f64::INFINITY);
            self.begin_note(Scheduled { at: pos, duration, part, pitch, velocity }, here);
        } else {
            self.side.counters.malformed.raise();
        }
    }

    fn report(&mut self, left: &[f32], right: &[f32]) {
        let level = |samples: &[f32]| {
            let (peak, square) =
                samples.iter().fold((0.0_f32, 0.0_f32), |(peak, sum), &x| (peak.max(x.abs()), sum + x * x));
            (peak, (square / samples.len().max(1) as f32).sqrt())
        };
        let (l, r) = (level(left), level(right));
        let (peak, rms) = ([l.0, r.0], [l.1, r.1]);
        let meters = Meters { peak, rms, limiter_gain: self.synth.limiter_gain(), voices: self.synth.voices() };
        self.side.meters.write(meters);
        // Last of all: who reads the clock and then the rings finds everything before it there.
        let clock = ClockReading {
            sample: self.now as u64,
            pos_beats: self.clock.pos_of(self.now),
            tempo: self.clock.tempo(),
            time_signature: self.clock.time_signature(),
            playing: self.clock.playing(),
            epoch: self.epoch,
        };
        self.side.clock.write(clock);
        if let Some(relay) = &mut self.relay {
            relay.tell(clock);
        }
    }
}
