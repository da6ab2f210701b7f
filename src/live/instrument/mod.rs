//! The audio side of a stand-alone instrument: the performer, a clock, and what a player does, stamped in samples.

mod message;

pub use message::{Order, OrderKind, Report, ReportKind};

use super::performer::Performer;
use super::setup::{PlayerEvent, PlayerKind, Setup, playable};
use super::synth::Sampler;
use super::transport::{ClockIn, ClockOut, InternalClock, TapTempo, TransportSource};
use crate::bridge::{AudioSide, Counters, Part, RelaySender, RingReceiver, RingSender, SampleClock};
use crate::time::{Beats, Bpm, Transport};
use std::sync::Arc;

/// What an audio callback runs where no host tells the time: [`Instrument::block`].
///
/// Orders are obeyed at the sample that they are stamped with and one block later, so that their distances do not
/// depend on when blocks begin: a key pressed while one block plays sounds at the same place of the next.
///
/// **Drop policy:** reports that find their ring full are lost and counted in
/// [`Counters::reports_dropped`]; a note whose beginning was reported always has room for its end.
#[derive(Debug)]
pub struct Instrument {
    performer: Performer,
    orders: RingReceiver<Order>,
    reports: RingSender<Report>,
    sample_clock: Arc<SampleClock>,
    counters: Arc<Counters>,
    rate: f64,
    internal: InternalClock,
    external: ClockIn,
    out: ClockOut,
    taps: TapTempo,
    follows: bool,
    sends_clock: bool,
    /// First sample of the block that comes next.
    now: u64,
    /// How long orders wait, in samples: the length of a block, or always the same.
    latency: u64,
    fixed_latency: bool,
    waiting: Option<Order>,
    player: [PlayerEvent; ROOM],
    /// The transport that was reported last, and where.
    told: Option<(u64, Transport)>,
    /// Which notes were reported as begun and not as ended, a bit for each key of each part.
    open: [u128; Part::ALL.len()],
    volume: f32,
    /// The volume as it is now, on its way to `volume`.
    level: f32,
}

/// What a player may do in one piece of a block; more makes the piece shorter.
const ROOM: usize = 128;
/// Room that is kept among the reports for the ends of all notes that may sound.
const ENDS: usize = Part::ALL.len() * 128;
/// The transport is reported again when it is off by so much: well below what the performer takes for a jump.
const OFF_SECONDS: f64 = 0.002;
/// Slowest and fastest tempo that the own clock takes; others are ignored.
const TEMPO_RANGE: (f64, f64) = (5.0, 1000.0);
/// Time constant of the volume.
const VOLUME_SECONDS: f64 = 0.02;

impl Instrument {
    /// Allocates everything that playing needs. The clock stands at the beginning.
    pub fn prepare(
        setup: Setup,
        tempo: Bpm,
        side: AudioSide,
        orders: RingReceiver<Order>,
        reports: RingSender<Report>,
        sample_clock: Arc<SampleClock>,
    ) -> Self {
        let rate = playable(setup.sample_rate);
        let counters = Arc::clone(&side.counters);
        let nothing = PlayerEvent { sample_offset: 0, kind: PlayerKind::Panic };
        Self {
            performer: Performer::prepare(setup, side),
            orders,
            reports,
            sample_clock,
            counters,
            rate: f64::from(rate.0),
            internal: InternalClock::new(rate, tempo),
            external: ClockIn::new(rate),
            out: ClockOut::new(rate),
            taps: TapTempo::new(rate),
            follows: false,
            sends_clock: false,
            now: 0,
            latency: 0,
            fixed_latency: false,
            waiting: None,
            player: [nothing; ROOM],
            told: None,
            open: [0; Part::ALL.len()],
            volume: 1.0,
            level: 1.0,
        }
    }

    /// With a SoundFont, for [`super::Patch::Sampled`].
    #[must_use]
    pub fn with_sampler(self, sampler: Sampler) -> Self {
        Self { performer: self.performer.with_sampler(sampler), ..self }
    }

    /// With a relay to other programs.
    #[must_use]
    pub fn with_relay(self, relay: RelaySender) -> Self {
        Self { performer: self.performer.with_relay(relay), ..self }
    }

    /// Lets orders wait for so many samples whatever the blocks, so that what is played does not depend on them: at
    /// least the longest block, or orders come late.
    #[must_use]
    pub fn with_latency(self, samples: u64) -> Self {
        Self { latency: samples, fixed_latency: true, ..self }
    }

    /// Samples that were played.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Plays one block of any length that begins at a moment of the clock that stamps orders.
    ///
    /// # Realtime Safety
    /// No allocation, lock, wait or I/O. The work is bounded by the block and by what waits in the rings.
    pub fn block(&mut self, now_ns: u64, left: &mut [f32], right: &mut [f32]) {
        let length = left.len().min(right.len());
        self.sample_clock.follow(self.now, now_ns);
        self.performer.begins_at(now_ns);
        // Grows at once and shrinks slowly, for devices that take blocks of different lengths in turn.
        let block = length as u64;
        if !self.fixed_latency {
            self.latency = if block > self.latency { block } else { self.latency - (self.latency - block) / 64 };
        }
        let mut done = 0;
        while done < length {
            done += self.piece(&mut left[done..length], &mut right[done..length]);
        }
        left[length..].fill(0.0);
        right[length..].fill(0.0);
    }

    /// Plays as much as the orders allow in one go, and says how much that was.
    fn piece(&mut self, left: &mut [f32], right: &mut [f32]) -> usize {
        let (mut length, mut count, mut last) = (left.len(), 0, 0);
        while let Some(order) = self.waiting.take().or_else(|| self.orders.receive()) {
            // Orders of several hands may come in a little out of order; none may overtake.
            let due = order.sample.saturating_add(self.latency).saturating_sub(self.now);
            let offset = usize::try_from(due).unwrap_or(usize::MAX).max(last);
            if offset >= length {
                self.waiting = Some(order);
                break;
            }
            last = offset;
            match order.kind {
                OrderKind::Play(kind) if count < ROOM => {
                    self.player[count] = PlayerEvent { sample_offset: offset as u32, kind };
                    count += 1;
                }
                OrderKind::Clock(message) => self.external.message(offset as u32, message),
                OrderKind::Play(_) => {
                    self.waiting = Some(order);
                    length = offset.max(1);
                    break;
                }
                _ if offset > 0 => {
                    self.waiting = Some(order);
                    length = offset;
                    break;
                }
                kind => self.obey(order.sample, kind),
            }
        }
        let (left, right) = (&mut left[..length], &mut right[..length]);
        let frames = length as u32;
        let own = self.internal.next_block(frames);
        let other = self.external.next_block(frames);
        let transport = if self.follows { other } else { own };
        self.tell_transport(transport);
        for event in &self.player[..count] {
            let sample = self.now + u64::from(event.sample_offset);
            tell(&mut self.reports, &self.counters, Report { sample, kind: ReportKind::Player(event.kind) });
        }
        let (reports, counters, open, now) = (&mut self.reports, &self.counters, &mut self.open, self.now);
        self.performer.process_with(&transport, &self.player[..count], left, right, &mut |note| {
            let (part, pitch, velocity) = (note.part, note.pitch, note.velocity);
            let keys = &mut open[part.index()];
            let key = 1_u128 << (pitch & 127);
            let kind = ReportKind::Note { part, pitch, velocity };
            let report = Report { sample: now + u64::from(note.sample_offset), kind };
            let sent = if velocity > 0 {
                reports.send_leaving(ENDS, report).is_ok()
            } else {
                *keys & key == 0 || reports.send(report).is_ok()
            };
            if !sent {
                counters.reports_dropped.raise();
            }
            *keys = if velocity > 0 && sent { *keys | key } else { *keys & !key };
        });
        self.fade(left, right);
        if self.sends_clock {
            let (reports, counters, now) = (&mut self.reports, &self.counters, self.now);
            self.out.block(&transport, frames, &mut |offset, message| {
                let kind = ReportKind::Clock(message);
                tell(reports, counters, Report { sample: now + u64::from(offset), kind });
            });
        }
        self.now += length as u64;
        length
    }

    fn obey(&mut self, sample: u64, kind: OrderKind) {
        match kind {
            OrderKind::Run(runs) => self.internal.set_playing(runs),
            OrderKind::Locate(to) => self.internal.locate(to),
            OrderKind::Tempo(tempo) => {
                if (TEMPO_RANGE.0..=TEMPO_RANGE.1).contains(&tempo.0) {
                    self.internal.set_tempo(tempo);
                }
            }
            OrderKind::Tap => {
                if let Some(tempo) = self.taps.tap(sample) {
                    self.internal.set_tempo(tempo);
                }
            }
            OrderKind::Metre(metre) => {
                self.internal.set_time_signature(metre);
                self.external.set_time_signature(metre);
            }
            OrderKind::Follow(follows) => {
                if let (true, false, Some((_, last))) = (self.follows, follows, self.told) {
                    self.internal.locate(self.expected(last));
                    self.internal.set_tempo(last.tempo);
                    self.internal.set_playing(last.playing);
                }
                self.follows = follows;
            }
            OrderKind::SendClock(sends) => self.sends_clock = sends,
            OrderKind::Patch(part, patch) => {
                self.performer.set_patch(part, patch);
                let kind = ReportKind::Patch(part, patch);
                tell(&mut self.reports, &self.counters, Report { sample: self.now, kind });
            }
            OrderKind::Volume(volume) => self.volume = if volume.is_finite() { volume.clamp(0.0, 1.0) } else { 0.0 },
            // Taken where they fall in the block.
            OrderKind::Play(_) | OrderKind::Clock(_) => {}
        }
    }

    /// Where the transport that was told last has come to.
    fn expected(&self, told: Transport) -> Beats {
        let since = self.told.map_or(0, |(sample, _)| self.now - sample);
        let seconds = if told.playing { since as f64 / self.rate } else { 0.0 };
        told.pos_beats + Beats(seconds / told.tempo.seconds_per_beat())
    }

    fn tell_transport(&mut self, transport: Transport) {
        let news = self.told.is_none_or(|(_, told)| {
            let off = (transport.pos_beats - self.expected(told)).0 * told.tempo.seconds_per_beat();
            let same = told.playing == transport.playing && told.tempo == transport.tempo;
            !same || told.time_signature != transport.time_signature || off.abs() > OFF_SECONDS
        });
        if news {
            self.told = Some((self.now, transport));
            let kind = ReportKind::Transport(transport);
            tell(&mut self.reports, &self.counters, Report { sample: self.now, kind });
        }
    }

    fn fade(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.level == 1.0 && self.volume == 1.0 {
            return;
        }
        let step = (1.0 / (VOLUME_SECONDS * self.rate)) as f32;
        for (l, r) in left.iter_mut().zip(right) {
            self.level += (self.volume - self.level) * step;
            *l *= self.level;
            *r *= self.level;
        }
        if (self.level - self.volume).abs() < 1e-4 {
            self.level = self.volume;
        }
    }
}

/// Reports something that may be lost, where there is room besides that for the ends of notes.
fn tell(reports: &mut RingSender<Report>, counters: &Counters, report: Report) {
    if reports.send_leaving(ENDS, report).is_err() {
        counters.reports_dropped.raise();
    }
}
