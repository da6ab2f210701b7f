//! What the audio thread runs: a host's block goes to the performer, and what the performer plays goes to the host.
//!
//! Everything is allocated in [`Audio::prepare`]. From then on nothing here allocates, locks or does I/O, and nothing
//! waits, but where the host renders offline or the player wants audio to wait for the composer ("render in sync").

mod output;
mod time;

pub use time::HostTime;

use crate::parameters::{
    BYPASS, CHANNEL, FREE_RUN, IN_SYNC, PRESET_NEXT, PRESET_PREVIOUS, Parameters, THRU, place, sheets,
};
use crate::presets::{Called, Phrases};
use crate::shared::Shared;
use crate::worker::{Change, Ends, What};
use nice_plug::midi::NoteEvent;
use oneiro::bridge::{Part, RelayReceiver, RingSender, Stage, relay, ring};
use oneiro::compose::stride;
use oneiro::controls::{Control, patches};
use oneiro::live::{LatePolicy, Performer, PlayedNote, PlayerEvent, PlayerKind, SOUND_FONT_PROGRAMS, Setup};
use oneiro::moment::now_ns;
use oneiro::time::{Beats, SampleRate, Transport};
use output::Output;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::Thread;
use std::time::{Duration, Instant};
use time::Clock;

/// Changes that may wait for the worker.
const CHANGES: usize = 4096;
/// Events of a player that are given to the performer in one go.
const EVENTS: usize = 512;
/// A late note moves to the next sixteenth.
const LATE: LatePolicy = LatePolicy::NextStep(Beats(0.25));
/// A worker that takes longer than this for one piece is not waited for any more: it has failed.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Longest time constant of the volume, in samples a second.
const VOLUME_SECONDS: f64 = 0.02;

/// Whether audio is to wait for the composer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// No.
    Live,
    /// The host renders offline: it does.
    Offline,
}

/// The audio side of an instance.
#[derive(Debug)]
pub struct Audio {
    performer: Performer,
    shared: Arc<Shared>,
    changes: RingSender<Change>,
    worker: Option<Thread>,
    rate: SampleRate,
    pace: Pace,
    clock: Clock,
    output: Output,
    /// What the host's parameters stood at, and what is in force, which a preset may have laid over them, by place.
    host: Vec<f64>,
    values: Vec<f64>,
    /// What the worker was told, by place; NaN where it has to be told.
    told: Vec<f64>,
    /// Phrases of a preset that the worker has to be told.
    phrases: Option<&'static Phrases>,
    loaded: u64,
    events: Vec<PlayerEvent>,
    bypassed: bool,
    volume: f32,
    /// Places of the sound and of its level.
    sound: (usize, usize),
    /// Where the worker was last woken: step of the grid, and messages told.
    woken: (i64, u64),
    /// What a flavour without sound plays into.
    scratch: [Vec<f32>; 2],
    idle: bool,
}

/// A host's note events, in order.
pub trait Events {
    /// The next.
    fn next(&mut self) -> Option<NoteEvent<()>>;
    /// Sends one; whether there was room.
    fn send(&mut self, event: NoteEvent<()>) -> bool;
}

impl Audio {
    /// Allocates everything: the audio side, the worker's ends of the rings, and what goes to other programs.
    pub fn prepare(shared: Arc<Shared>, rate: SampleRate, longest: usize) -> (Self, Ends, RelayReceiver) {
        let Stage { audio, composer, watcher } = Stage::default();
        let (changes, changed) = ring(CHANGES);
        let (relay, relayed) = relay(rate);
        let performer = Performer::prepare(Setup { late: LATE, ..Setup::new(rate) }, audio).with_relay(relay);
        let ends = Ends {
            heard: composer.heard,
            plans: composer.plans,
            counters: composer.counters,
            watcher,
            changes: changed,
        };
        let place_of = |control: Control| place(control.spec().name).unwrap_or_default();
        let audio = Self {
            performer,
            loaded: shared.loaded(),
            shared,
            changes,
            worker: None,
            rate,
            pace: Pace::Live,
            clock: Clock::new(rate),
            output: Output::new(),
            host: vec![f64::NAN; sheets().len()],
            values: vec![f64::NAN; sheets().len()],
            told: vec![f64::NAN; sheets().len()],
            phrases: None,
            events: Vec::with_capacity(EVENTS),
            bypassed: false,
            volume: 1.0,
            sound: (place_of(Control::SOUND), place_of(Control::VOLUME)),
            woken: (i64::MIN, 0),
            scratch: [vec![0.0; longest], vec![0.0; longest]],
            idle: true,
        };
        (audio, ends, relayed)
    }

    /// Prepares for another rate, block length or pace; what is heard and known stays.
    pub fn prepare_again(&mut self, rate: SampleRate, longest: usize, pace: Pace) {
        if rate != self.rate {
            self.performer.prepare_again(rate);
            self.clock = Clock::new(rate);
            self.rate = rate;
        }
        self.scratch.iter_mut().for_each(|channel| channel.resize(longest, 0.0));
        self.pace = pace;
        // A show goes at the pace of time.
        self.performer.set_relayed(pace == Pace::Live);
        self.shared.linked().set_rate(rate);
    }

    /// Says whom to wake.
    pub fn wakes(&mut self, worker: Option<Thread>) {
        self.worker = worker;
    }

    /// Ends everything at once; note-offs follow with the next block.
    pub fn reset(&mut self) {
        let output = &mut self.output;
        self.performer.reset_with(&mut |note| output.played(0, note));
        // What was passed on sounds too.
        output.let_go();
        self.clock.reset();
    }

    /// Whether nothing sounds and time stands.
    pub fn is_idle(&self) -> bool {
        self.idle
    }

    /// Ends every note that was sent, and nothing else: for an instance that has failed.
    pub fn end_notes(&mut self, events: &mut impl Events) {
        self.output.let_go();
        self.output.flush(events);
    }

    /// Plays one block of a host into `sound`, left and right; without any, only notes come out. `length` is that of the
    /// block.
    ///
    /// # Realtime Safety
    /// No allocation, lock or I/O; waits for the worker only offline or in sync.
    pub fn play(
        &mut self,
        parameters: &Parameters,
        host: &HostTime,
        length: usize,
        sound: Option<[&mut [f32]; 2]>,
        events: &mut impl Events,
    ) {
        let Some([left, right]) = sound else {
            // A host that gives a longer block than it has announced is not played for: there is no room.
            let mut scratch = std::mem::take(&mut self.scratch);
            let [left, right] = &mut scratch;
            if length <= left.len() {
                self.play_into(parameters, host, &mut left[..length], &mut right[..length], events);
            }
            self.scratch = scratch;
            return;
        };
        self.play_into(parameters, host, left, right, events);
    }

    fn play_into(
        &mut self,
        parameters: &Parameters,
        host: &HostTime,
        left: &mut [f32],
        right: &mut [f32],
        events: &mut impl Events,
    ) {
        let length = left.len().min(right.len());
        let transport = self.clock.block(host, parameters.on(FREE_RUN), length);
        self.output.flush(events);
        self.follow(parameters, transport.pos_beats);
        self.output.set(self.values[THRU] > 0.5, self.values[CHANNEL] as u8 - 1);
        let bypass = self.values[BYPASS] > 0.5;
        if bypass && self.bypassed {
            left.fill(0.0);
            right.fill(0.0);
            self.pass(length, events);
            self.idle = true;
            return;
        }
        let ends = (bypass && !self.bypassed) || self.shared.panic.swap(false, Ordering::AcqRel);
        self.bypassed = bypass;
        let in_sync = self.pace == Pace::Offline || self.values[IN_SYNC] > 0.5;
        self.shared.in_sync.store(in_sync, Ordering::Relaxed);
        self.performer.begins_at(now_ns());
        self.events.clear();
        if ends {
            self.events.push(PlayerEvent { sample_offset: 0, kind: PlayerKind::Panic });
        }
        let (mut start, mut next) = (0, events.next());
        while start < length || next.is_some() {
            let here = self.clock.later(&transport, start);
            let mut end = if in_sync { start + stride(&here, self.rate, length - start) } else { length };
            end = end.min(length);
            while let Some(event) = next {
                let at = (event.timing() as usize).clamp(start, length.max(1) - 1);
                if at >= end && end < length {
                    break;
                }
                if self.events.len() == EVENTS {
                    end = at.min(end);
                    break;
                }
                if let Some(kind) = Output::player(&event) {
                    self.events.push(PlayerEvent { sample_offset: (at - start) as u32, kind });
                }
                self.output.pass(at as u32, event);
                next = events.next();
            }
            let (performer, output) = (&mut self.performer, &mut self.output);
            let on_note = &mut |note: PlayedNote| output.played(start as u32, note);
            performer.process_with(&here, &self.events, &mut left[start..end], &mut right[start..end], on_note);
            self.events.clear();
            self.output.flush(events);
            start = end;
            if in_sync {
                self.wait();
            }
        }
        self.wake(&transport);
        self.level(&mut left[..length], &mut right[..length]);
        self.idle = !transport.playing && self.performer.voices() == 0 && !bypass;
    }

    /// Passes on what comes in, and plays nothing.
    fn pass(&mut self, length: usize, events: &mut impl Events) {
        while let Some(event) = events.next() {
            self.output.pass(event.timing().min(length.max(1) as u32 - 1), event);
            if self.output.is_full() {
                self.output.flush(events);
            }
        }
        self.output.flush(events);
    }

    /// Takes what the host's parameters stand at, and tells the worker of what has moved.
    fn follow(&mut self, parameters: &Parameters, at: Beats) {
        let loaded = self.shared.loaded();
        if loaded != self.loaded {
            // A project's values are all there is to know; what lay over the old ones is gone.
            self.loaded = loaded;
            self.host.fill(f64::NAN);
            // A trigger that was held when the project was stored is not pressed again.
            for (told, sheet) in self.told.iter_mut().zip(sheets()) {
                if sheet.is_trigger() {
                    *told = f64::NAN;
                }
            }
        }
        let mut call = 0_isize;
        for place in 0..self.host.len() {
            let value = parameters.value(place);
            if value == self.host[place] {
                continue;
            }
            let pressed = value > 0.5 && self.host[place] <= 0.5;
            self.host[place] = value;
            self.values[place] = value;
            self.shared.set_overlay(place, None);
            match place {
                PRESET_NEXT if pressed => call = 1,
                PRESET_PREVIOUS if pressed => call = -1,
                _ => {}
            }
        }
        if call != 0 {
            self.call_preset(call);
        }
        for place in 0..self.values.len() {
            let value = self.values[place];
            if value != self.told[place] {
                self.tell(place, value, at);
            }
        }
        if let Some(phrases) = self.phrases {
            let change = Change { at, after: self.performer.told(), what: What::Phrases(phrases) };
            // Where there is no room, it is told with the next block.
            self.phrases = self.changes.send(change).err().map(|_| phrases);
        }
    }

    /// Lays the next preset over the parameters.
    fn call_preset(&mut self, step: isize) {
        let Some((called, preset)) = Called::after(self.shared.preset(), step) else { return };
        for &(place, value) in &preset.values {
            self.values[place] = value;
            self.shared.set_overlay(place, Some(value).filter(|value| *value != self.host[place]));
        }
        self.phrases = Some(&preset.phrases).filter(|phrases| phrases.iter().any(Option::is_some));
        self.shared.set_preset(called);
    }

    fn tell(&mut self, place: usize, value: f64, at: Beats) {
        let sheet = &sheets()[place];
        let Some(control) = sheet.control else {
            self.told[place] = value;
            return;
        };
        if place == self.sound.0 {
            for (part, patch) in Part::ALL.into_iter().zip(patches(value as usize, SOUND_FONT_PROGRAMS)) {
                self.performer.set_patch(part, patch);
            }
        }
        // A trigger acts when it goes on, and not because it was on in a project.
        let acts = !sheet.is_trigger() || (value > 0.5 && self.told[place] <= 0.5);
        let change = Change { at, after: self.performer.told(), what: What::Control(control, value) };
        if acts && control == Control::PANIC {
            self.shared.panic.store(true, Ordering::Release);
        } else if acts && self.changes.send(change).is_err() {
            // There is no room: it is told with the next block.
            return;
        }
        self.told[place] = value;
    }

    /// Wakes the worker where it has something to do: a step of the grid has passed, or something was told.
    fn wake(&mut self, transport: &Transport) {
        let step = (transport.pos_beats.0 * f64::from(oneiro::music::STEPS_PER_BEAT)).floor() as i64;
        let now = (step, self.performer.told());
        if now != self.woken {
            self.woken = now;
            if let Some(worker) = &self.worker {
                worker.unpark();
            }
        }
    }

    /// Waits until the worker has taken in everything up to here.
    fn wait(&self) {
        let Some(worker) = &self.worker else { return };
        let asked = self.shared.asked.fetch_add(1, Ordering::AcqRel) + 1;
        worker.unpark();
        let began = Instant::now();
        let mut turns = 0_u32;
        while self.shared.done.load(Ordering::Acquire) < asked {
            if self.shared.left.load(Ordering::Acquire) || began.elapsed() > LONGEST_WAIT {
                break;
            }
            turns += 1;
            if turns < 100 {
                std::thread::yield_now();
            } else {
                std::thread::sleep(Duration::from_micros(50));
            }
        }
    }

    /// Brings the sound to its level, without a step.
    fn level(&mut self, left: &mut [f32], right: &mut [f32]) {
        let target = self.values[self.sound.1] as f32;
        if self.volume == target && target == 1.0 {
            return;
        }
        let keep = (-1.0 / (VOLUME_SECONDS * f64::from(self.rate.0))).exp() as f32;
        for (l, r) in left.iter_mut().zip(right) {
            self.volume =
                if (self.volume - target).abs() < 1e-5 { target } else { target + keep * (self.volume - target) };
            *l *= self.volume;
            *r *= self.volume;
        }
    }
}
