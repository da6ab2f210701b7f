//! Any transport, with the director in the loop: every note-on has its note-off, no key of a part sounds twice at once, and
//! after a stop or a panic nothing sounds beyond its release.

mod compose_support;

use compose_support::{melody_model, phrase_model};
use oneiro::bridge::{ClockReading, HeardKind, Part, ShowKind, Stage, WatcherSide};
use oneiro::compose::{Boundary, Controls, Corner, Direction, Director, Mode, Order, Settings};
use oneiro::live::{LatePolicy, Performer, PlayedNote, PlayerEvent, PlayerKind, Setup};
use oneiro::music::{Melody, MelodyEvent};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

const RATE: f64 = 16_000.0;
const BLOCK: usize = 1024;

/// A host, a player and the director, at random.
struct Script {
    seed: u64,
    rng: ChaCha8Rng,
    performer: Performer,
    director: Director,
    watcher: WatcherSide,
    transport: Transport,
    cycle: Option<(f64, f64)>,
    /// Whether the host has gone on playing without us: time goes on and we are not asked.
    bypassed: bool,
    settings: Settings,
    open: BTreeSet<(Part, u8)>,
    begun: usize,
    peak: f32,
}

impl Script {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let Stage { audio, composer, watcher } = Stage::default();
        let late = if rng.random() { LatePolicy::Drop } else { LatePolicy::NextStep(Beats(0.25)) };
        let performer = Performer::prepare(Setup { late, ..Setup::new(SampleRate(RATE as u32)) }, audio);
        let mut director = Director::new(melody_model(), rng.random::<bool>().then(phrase_model), composer);
        let mode = *Mode::ALL.choose(&mut rng).unwrap();
        director.order(Beats(0.0), Order::Mode(mode)).unwrap();
        let (tempo, time_signature) = (Bpm(rng.random_range(60.0..300.0)), TimeSignature::COMMON);
        let transport = Transport { playing: true, pos_beats: Beats(0.0), tempo, time_signature };
        let (cycle, bypassed, settings, open) = (None, false, Settings::default(), BTreeSet::new());
        Self {
            seed,
            rng,
            performer,
            director,
            watcher,
            transport,
            cycle,
            bypassed,
            settings,
            open,
            begun: 0,
            peak: 0.0,
        }
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.rng.random_ratio(1, n)
    }

    /// What the host does before a block.
    fn host(&mut self) {
        match self.rng.random_range(0..500) {
            0 | 1 => self.transport.playing = !self.transport.playing,
            2 => self.transport.pos_beats = Beats(self.rng.random_range(-4.0..64.0)),
            3 => self.transport.pos_beats = Beats(f64::from(self.rng.random_range(0..16_u8)) * 4.0),
            4 | 5 => self.transport.tempo = Bpm(self.rng.random_range(40.0..300.0)),
            6 | 7 => {
                let metres = [(4, 4), (3, 4), (6, 8), (5, 4), (7, 16), (2, 2)];
                let (numerator, denominator) = *metres.choose(&mut self.rng).unwrap();
                self.transport.time_signature = TimeSignature { numerator, denominator };
            }
            8 => {
                let from = f64::from(self.rng.random_range(0..8_u8));
                self.cycle = (!self.one_in(3)).then(|| (from, from + self.rng.random_range(0.1..9.0)));
            }
            9 => self.bypassed = !self.bypassed,
            10 => self.transport.tempo = Bpm(f64::NAN),
            11 => {
                // A host that resets has let go of what it was told of.
                self.performer.reset();
                self.open.clear();
            }
            _ => {}
        }
        if !self.transport.playing && self.one_in(20) {
            self.transport.playing = true;
        }
        if self.one_in(20) {
            self.bypassed = false;
        }
    }

    fn order(&mut self) {
        let corner = *Corner::ALL.choose(&mut self.rng).unwrap();
        let order = match self.rng.random_range(0..14) {
            0..=2 => Order::Mode(*Mode::ALL.choose(&mut self.rng).unwrap()),
            3 => Order::Again,
            4 | 5 => Order::Another,
            6 => Order::Undo,
            7 => Order::Redo,
            8 | 9 => Order::Capture(corner),
            10 => {
                let event = MelodyEvent { pitch: Some(self.rng.random_range(50..80)), steps: 24 };
                let metre = self.transport.time_signature;
                Order::Keep(corner, Some(Melody { title: String::new(), metre, start_step: 0, events: vec![event; 8] }))
            }
            _ => {
                self.turn_knobs();
                Order::Settings(Box::new(self.settings.clone()))
            }
        };
        let seen = self.watcher.clock.read().pos_beats;
        let at = if self.one_in(10) { Beats(self.rng.random_range(-9.0..99.0)) } else { seen };
        let ordered = self.director.order(at, order);
        assert!(ordered.is_ok(), "{ordered:?}, seed {}", self.seed);
    }

    fn turn_knobs(&mut self) {
        let rng = &mut self.rng;
        let mut controls = Controls { seed: rng.random_range(0..99), ..Controls::default() };
        (controls.expression.timing, controls.expression.swing) =
            (Beats(rng.random_range(0.0..0.05)), rng.random_range(0.5..0.7));
        controls.density = rng.random::<bool>().then(|| rng.random_range(0.5..6.0));
        controls.transpose = rng.random_range(-12..=12);
        let direction = Direction {
            bars: rng.random_range(1..4),
            answers: !rng.random_ratio(1, 6),
            switch_at: if rng.random() { Boundary::Beat } else { Boundary::Bar },
            hold: rng.random_ratio(1, 4),
            locked: if rng.random() { rng.random::<u16>() & 0b111 } else { 0 },
            morph: [rng.random(), rng.random()],
            vary: rng.random(),
            ..Direction::default()
        };
        self.settings = Settings { controls, direction, ..Settings::default() };
    }

    fn events(&mut self, length: usize) -> Vec<PlayerEvent> {
        let count = if self.one_in(3) { self.rng.random_range(0..4) } else { 0 };
        let mut offsets: Vec<u32> = (0..count).map(|_| self.rng.random_range(0..length.max(1) as u32)).collect();
        offsets.sort_unstable();
        let mut kind = || match self.rng.random_range(0..60) {
            0 => PlayerKind::Panic,
            1..=40 => {
                PlayerKind::NoteOn { pitch: self.rng.random_range(55..80), velocity: self.rng.random_range(0..128) }
            }
            _ => PlayerKind::NoteOff { pitch: self.rng.random_range(50..90) },
        };
        offsets.into_iter().map(|sample_offset| PlayerEvent { sample_offset, kind: kind() }).collect()
    }

    /// Plays a block, and looks at each note.
    fn block(&mut self, length: usize, events: &[PlayerEvent]) {
        let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (left, right) = (&mut left[..length], &mut right[..length]);
        let Self { performer, open, begun, seed, transport, .. } = self;
        performer.process_with(transport, events, left, right, &mut |note: PlayedNote| {
            let key = (note.part, note.pitch);
            if note.velocity > 0 {
                *begun += usize::from(note.part == Part::Answer);
                assert!(open.insert(key), "{key:?} overlaps itself, seed {seed}");
            } else {
                assert!(open.remove(&key), "{key:?} ends without a beginning, seed {seed}");
            }
        });
        self.peak = left.iter().chain(&*right).fold(0.0, |peak, x| x.abs().max(peak));
        assert!(self.peak < 1.0, "a sample of {}, seed {}", self.peak, self.seed);
        let jumped_out = self.transport.tempo.0.is_nan();
        if jumped_out {
            self.transport.tempo = self.watcher.clock.read().tempo;
        }
        self.go_on(length);
    }

    /// The host's time goes on, round and round where it loops.
    fn go_on(&mut self, length: usize) {
        if self.transport.playing {
            let beats = length as f64 / RATE / self.transport.tempo.seconds_per_beat();
            self.transport.pos_beats += Beats(beats);
        }
        if let Some((from, to)) = self.cycle.filter(|(_, to)| self.transport.pos_beats.0 >= *to) {
            let over = (self.transport.pos_beats.0 - to) % (to - from);
            self.transport.pos_beats = Beats(from + over);
        }
    }

    /// The director is told of time now and then, sometimes much too late.
    fn follow(&mut self) {
        if self.one_in(4) {
            return;
        }
        let clock: ClockReading = *self.watcher.clock.read();
        let followed = self.director.follow(&clock);
        assert!(followed.is_ok(), "{followed:?}, seed {}", self.seed);
    }

    fn play(&mut self, blocks: usize) {
        for _ in 0..blocks {
            self.host();
            let length = self.rng.random_range(0..=BLOCK);
            if self.bypassed {
                self.go_on(length);
                continue;
            }
            if self.one_in(30) {
                self.order();
            }
            let events = self.events(length);
            self.block(length, &events);
            self.follow();
        }
    }

    /// Ends all by a stop or by a panic; what was planned, and comes later from a director who knows nothing of it, must
    /// not sound.
    fn end(mut self) -> usize {
        let panics = self.rng.random();
        if panics {
            self.block(BLOCK, &[PlayerEvent { sample_offset: 7, kind: PlayerKind::Panic }]);
        } else {
            // The transport may stand already; then keys may be held, and are let go.
            self.transport.playing = false;
            let release = |pitch| PlayerEvent { sample_offset: 0, kind: PlayerKind::NoteOff { pitch } };
            let events: Vec<PlayerEvent> = (0..128).map(release).collect();
            self.block(BLOCK, &events);
        }
        let seed = self.seed;
        assert!(self.open.is_empty(), "{:?} after a {}, seed {seed}", self.open, if panics { "panic" } else { "stop" });
        self.transport.playing = false;
        for block in 0..(15.0 * RATE) as usize / BLOCK {
            // Two seconds, and as long as releases last.
            if block > 32 && self.performer.voices() == 0 && self.peak < 1e-3 {
                break;
            }
            self.follow();
            self.block(BLOCK, &[]);
            assert!(self.open.is_empty(), "{:?} after the end, seed {seed}", self.open);
        }
        assert_eq!((self.performer.voices(), self.peak < 1e-3), (0, true), "peak {}, seed {seed}", self.peak);
        assert_eq!(self.performer.queued(), 0, "seed {seed}");
        let mut shown = BTreeSet::new();
        while let Some(event) = self.watcher.show.receive() {
            match event.kind {
                ShowKind::NoteOn { part, pitch, .. } => assert!(shown.insert((part, pitch)), "seed {seed}"),
                ShowKind::NoteOff { part, pitch } => assert!(shown.remove(&(part, pitch)), "seed {seed}"),
                _ => {}
            }
        }
        assert!(shown.is_empty(), "the pictures miss ends of {shown:?}, seed {seed}");
        let counters = &self.watcher.counters;
        assert_eq!((counters.plans_refused.get(), counters.queue_full.get()), (0, 0), "seed {seed}");
        self.begun
    }
}

#[test]
fn no_script_of_host_player_and_orders_leaves_a_note_behind() {
    let mut begun = 0;
    for seed in 0..10 {
        let mut script = Script::new(seed);
        script.play(1200);
        begun += script.end();
    }
    assert!(begun > 400, "only {begun} answered notes: the scripts prove little");
}

/// What the director hears is in pairs as well, and each stretch of time is ended before the next begins.
#[test]
fn the_director_hears_every_end() {
    for seed in 100..103 {
        let mut script = Script::new(seed);
        let Stage { audio, mut composer, .. } = Stage::default();
        script.performer = Performer::prepare(Setup::new(SampleRate(RATE as u32)), audio);
        let (mut held, mut ended, mut stretch) = (BTreeSet::new(), 0, 0);
        for _ in 0..1000 {
            script.host();
            let events = script.events(BLOCK);
            script.block(BLOCK, &events);
            while let Some(heard) = composer.heard.receive() {
                match heard.kind {
                    HeardKind::NoteOn { pitch, .. } => assert!(held.insert(pitch), "seed {seed}"),
                    HeardKind::NoteOff { pitch } => assert!(held.remove(&pitch), "seed {seed}"),
                    HeardKind::Break => {
                        assert!(held.is_empty(), "{held:?} across a break, seed {seed}");
                        ended += 1;
                    }
                    HeardKind::Transport { epoch, .. } => {
                        assert_eq!(epoch, ended, "seed {seed}");
                        stretch = epoch;
                    }
                    HeardKind::Bar { .. } => {}
                }
            }
        }
        assert!(stretch > 3, "seed {seed}: nothing was broken off");
    }
}
