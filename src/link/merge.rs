//! One music of what several instances play. One of them leads: its clock, bars and beats are the show's; the others bring
//! notes, which stand where the leader's clock was when they sounded.

use super::follower::Found;
use super::pulse::Pulse;
use crate::bridge::{Moment, Part, ShowEvent, ShowKind, Shown};
use crate::time::{Beats, Bpm};
use std::collections::{BTreeMap, VecDeque};

/// A line of which nothing was heard for so long is silent, until something is heard again.
const SILENT_NS: u64 = 700_000_000;
/// A clock that nobody has moved for so long stands: its host has stopped calling the plugin.
const STALE_NS: u64 = 1_000_000_000;
/// Furthest in the future that an event can be due: longer than any block.
const AHEAD_NS: u64 = 400_000_000;
/// A new stretch of time whose beginning was lost begins after so long.
const LATE_NS: u64 = 100_000_000;
/// Events of a line that wait for their moment; then the oldest are lost.
const WAITING: usize = 2048;

/// Where the music is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Where.
    pub beats: Beats,
    /// How fast it goes on.
    pub tempo: Bpm,
    /// Whether it goes on.
    pub playing: bool,
    /// Nanoseconds since time ran last, or a note was played.
    pub idle_ns: u64,
}

/// What is known of an instance.
#[derive(Debug)]
struct Line {
    found: Found,
    heard_ns: u64,
    next_number: Option<u64>,
    now: Moment,
    /// The clock of a stretch of time that begins in a moment, and when that was heard.
    coming: Option<(Moment, u64)>,
    waiting: VecDeque<Shown>,
    /// Keys that are down, a bit for each, by part.
    held: [u128; Part::ALL.len()],
    energy: f32,
    busy_ns: u64,
    /// Whether it has ended: it goes when its keys have.
    ended: bool,
}

impl Line {
    fn is_heard(&self, now_ns: u64) -> bool {
        !self.ended && self.next_number.is_some() && now_ns.saturating_sub(self.heard_ns) < SILENT_NS
    }

    fn plays(&self, now_ns: u64) -> bool {
        self.is_heard(now_ns) && self.now.clock.playing && now_ns.saturating_sub(self.now.ns) < STALE_NS
    }

    /// Where its music is at a moment.
    fn beats(&self, at_ns: u64) -> f64 {
        let clock = &self.now.clock;
        if !clock.playing {
            return clock.pos_beats.0;
        }
        let since = (i128::from(at_ns) - i128::from(self.now.ns)) as f64 * 1e-9;
        clock.pos_beats.0 + since.min(STALE_NS as f64 * 1e-9) / clock.tempo.seconds_per_beat()
    }

    /// Ends every key.
    fn let_go(&mut self, pos_beats: Beats, events: &mut Vec<ShowEvent>) {
        for (part, keys) in Part::ALL.into_iter().zip(&mut self.held) {
            let keys = std::mem::take(keys);
            for pitch in (0..128_u8).filter(|pitch| keys >> pitch & 1 == 1) {
                events.push(ShowEvent { pos_beats, kind: ShowKind::NoteOff { part, pitch } });
            }
        }
    }
}

/// Makes one music of several. The caller brings the time.
#[derive(Debug, Default)]
pub struct Merge {
    lines: BTreeMap<u64, Line>,
    leader: Option<u64>,
    epoch: u32,
    lost: u64,
}

impl Merge {
    /// An instance is followed from now on.
    pub fn join(&mut self, line: u64, found: Found) {
        let line_of = Line {
            found,
            heard_ns: 0,
            next_number: None,
            now: Moment::default(),
            coming: None,
            waiting: VecDeque::new(),
            held: [0; Part::ALL.len()],
            energy: 0.0,
            busy_ns: 0,
            ended: false,
        };
        self.lines.insert(line, line_of);
    }

    /// A line has ended; its notes end with the next [`Merge::advance`].
    pub fn leave(&mut self, line: u64) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.ended = true;
            line.waiting.clear();
        }
    }

    /// An instance tells something.
    pub fn take(&mut self, line: u64, pulse: Pulse, now_ns: u64) {
        let Some(line) = self.lines.get_mut(&line) else { return };
        if let Some(next) = line.next_number {
            self.lost = self.lost.saturating_add(pulse.number.saturating_sub(next));
        }
        let new = line.next_number.is_none();
        line.next_number = Some(pulse.number.wrapping_add(1));
        line.heard_ns = now_ns;
        // A moment that was not told, or lies far ahead, is now.
        let due = |ns: u64| if ns == 0 { now_ns } else { ns.min(now_ns.saturating_add(AHEAD_NS)) };
        let moment = Moment { ns: due(pulse.now.ns), ..pulse.now };
        if new || moment.clock.epoch == line.now.clock.epoch {
            (line.now, line.coming) = (moment, None);
        } else {
            let since = line.coming.map_or(now_ns, |(_, since)| since);
            line.coming = Some((moment, since));
        }
        for shown in pulse.events {
            if line.waiting.len() == WAITING {
                line.waiting.pop_front();
                self.lost = self.lost.saturating_add(1);
            }
            line.waiting.push_back(Shown { ns: due(shown.ns), ..shown });
        }
    }

    /// Appends what is due by a moment, in order, and says where the music is then; `None` where nobody is heard. Moments do not
    /// run backwards.
    pub fn advance(&mut self, now_ns: u64, events: &mut Vec<ShowEvent>) -> Option<Position> {
        let before = events.len();
        let mut due: Vec<(u64, u64, ShowEvent)> = Vec::new();
        for (number, line) in &mut self.lines {
            while let Some(shown) = line.waiting.pop_front_if(|shown| shown.ns <= now_ns) {
                if let ShowKind::Transport { epoch, .. } = shown.event.kind
                    && let Some((coming, _)) = line.coming.take_if(|(moment, _)| moment.clock.epoch == epoch)
                {
                    line.now = coming;
                }
                due.push((shown.ns, *number, shown.event));
            }
            if let Some((coming, _)) = line.coming.take_if(|(_, since)| now_ns.saturating_sub(*since) > LATE_NS) {
                line.now = coming;
            }
            if line.plays(now_ns) {
                line.busy_ns = now_ns;
            }
        }
        self.choose(now_ns, events);
        due.sort_by_key(|(ns, ..)| *ns);
        for (ns, number, event) in due {
            self.hear(ns, number, event, now_ns, events);
        }
        let leads = self.leader.and_then(|leader| self.lines.get(&leader));
        let position = leads.map(|line| Position {
            beats: Beats(line.beats(now_ns)),
            tempo: line.now.clock.tempo,
            playing: line.plays(now_ns),
            idle_ns: now_ns.saturating_sub(self.lines.values().map(|line| line.busy_ns).max().unwrap_or(0)),
        });
        let at = position.map_or(Beats::ZERO, |position| position.beats);
        for line in self.lines.values_mut().filter(|line| !line.is_heard(now_ns)) {
            line.let_go(at, events);
        }
        self.lines.retain(|_, line| !line.ended);
        if position.is_none() && events.len() > before {
            // Only ends are told where nobody leads.
            let ends = events.split_off(before);
            events.extend(ends.into_iter().filter(|event| matches!(event.kind, ShowKind::NoteOff { .. })));
        }
        position
    }

    /// Keeps the leader as long as it plays, or nobody else does.
    fn choose(&mut self, now_ns: u64, events: &mut Vec<ShowEvent>) {
        let present = self.leader.and_then(|leader| self.lines.get(&leader));
        if present.is_some_and(|line| line.plays(now_ns)) {
            return;
        }
        let first = |may: &dyn Fn(&Line) -> bool| self.lines.iter().find(|(_, line)| may(line)).map(|(n, _)| *n);
        let plays = first(&|line| line.plays(now_ns));
        let stays = self.leader.filter(|_| present.is_some_and(|line| line.is_heard(now_ns)));
        let next = plays.or(stays).or_else(|| first(&|line| line.is_heard(now_ns)));
        if next != self.leader {
            self.leader = next;
            if let Some(line) = next.and_then(|next| self.lines.get(&next)) {
                self.epoch = self.epoch.wrapping_add(1);
                let (playing, tempo) = (line.plays(now_ns), line.now.clock.tempo);
                let kind = ShowKind::Transport { playing, tempo, epoch: self.epoch };
                events.push(ShowEvent { pos_beats: Beats(line.beats(now_ns)), kind });
            }
        }
    }

    /// Passes on an event of a line.
    fn hear(&mut self, ns: u64, number: u64, event: ShowEvent, now_ns: u64, events: &mut Vec<ShowEvent>) {
        let leads = self.leader == Some(number);
        let there = self.leader.and_then(|leader| self.lines.get(&leader)).map(|leader| leader.beats(ns));
        let loudest = self.lines.values().filter(|l| l.is_heard(now_ns)).map(|l| l.energy).fold(0.0, f32::max);
        let Some(line) = self.lines.get_mut(&number) else { return };
        let mut kind = event.kind;
        match &mut kind {
            ShowKind::NoteOn { part, pitch, .. } => {
                line.held[part.index()] |= 1 << (*pitch & 127);
                line.busy_ns = now_ns;
            }
            ShowKind::NoteOff { part, pitch } => line.held[part.index()] &= !(1 << (*pitch & 127)),
            ShowKind::Phrase { .. } | ShowKind::Chord { .. } => {}
            ShowKind::Energy { level } => {
                line.energy = *level;
                if !leads {
                    return;
                }
                // All of them together are at least as loud as the loudest.
                *level = level.max(loudest);
            }
            ShowKind::Transport { epoch, .. } => {
                if !leads {
                    return;
                }
                self.epoch = self.epoch.wrapping_add(1);
                *epoch = self.epoch;
            }
            ShowKind::Beat { .. } | ShowKind::Bar { .. } if !leads => return,
            ShowKind::Beat { .. } | ShowKind::Bar { .. } => {}
        }
        let pos_beats = if leads { event.pos_beats } else { there.map_or(event.pos_beats, Beats) };
        events.push(ShowEvent { pos_beats, kind });
    }

    /// Who leads, and how many are heard.
    pub fn about(&self, now_ns: u64) -> Option<(&Found, usize)> {
        let leader = self.lines.get(&self.leader?)?;
        Some((&leader.found, self.lines.values().filter(|line| line.is_heard(now_ns)).count()))
    }

    /// Messages and events that were lost on the way.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::ClockReading;

    const MS: u64 = 1_000_000;
    const START: u64 = 1_000_000 * MS;

    fn found(id: &str) -> Found {
        Found { id: id.into(), name: id.into(), program: "test".into(), process: 1, rate: 48_000 }
    }

    /// A clock at a moment after the start.
    fn clock(ms: u64, beats: f64, bpm: f64, playing: bool, epoch: u32) -> Moment {
        let clock =
            ClockReading { pos_beats: Beats(beats), tempo: Bpm(bpm), playing, epoch, ..ClockReading::default() };
        Moment { ns: START + ms * MS, clock }
    }

    fn pulse(number: u64, now: Moment, events: Vec<Shown>) -> Pulse {
        Pulse { number, sent_ns: now.ns, now, wants_picture: false, events }
    }

    fn shown(ms: u64, beats: f64, kind: ShowKind) -> Shown {
        Shown { ns: START + ms * MS, event: ShowEvent { pos_beats: Beats(beats), kind } }
    }

    fn on(pitch: u8) -> ShowKind {
        ShowKind::NoteOn { part: Part::Call, pitch, velocity: 90 }
    }

    #[test]
    fn the_present_is_predicted_and_nothing_is_shown_before_its_moment() {
        let (mut merge, mut events) = (Merge::default(), Vec::new());
        merge.join(1, found("a"));
        assert_eq!(merge.advance(START, &mut events), None);
        // Told 5 ms before its block ends, with a note in its middle.
        merge.take(1, pulse(0, clock(5, 8.0, 120.0, true, 0), vec![shown(3, 7.996, on(60))]), START);
        let at = merge.advance(START + MS, &mut events).unwrap();
        assert!((at.beats.0 - 7.992).abs() < 1e-9 && at.playing, "{at:?}");
        assert!(!events.iter().any(|e| e.kind == on(60)));
        merge.advance(START + 3 * MS, &mut events);
        assert!(events.contains(&ShowEvent { pos_beats: Beats(7.996), kind: on(60) }));
        let at = merge.advance(START + 505 * MS, &mut events).unwrap();
        assert!((at.beats.0 - 9.0).abs() < 1e-9, "{at:?}");
    }

    #[test]
    fn numbers_that_no_instance_counts_to_are_no_trouble() {
        let mut merge = Merge::default();
        merge.join(1, found("a"));
        for number in [0, u64::MAX, u64::MAX, 5] {
            merge.take(1, pulse(number, clock(0, 0.0, 120.0, true, 0), vec![]), START);
        }
        assert_eq!(merge.lost(), u64::MAX);
    }

    #[test]
    fn a_loop_begins_when_it_is_heard_and_not_when_it_is_told() {
        let (mut merge, mut events) = (Merge::default(), Vec::new());
        merge.join(1, found("a"));
        merge.take(1, pulse(0, clock(0, 15.9, 120.0, true, 0), vec![]), START);
        let jump = ShowKind::Transport { playing: true, tempo: Bpm(120.0), epoch: 1 };
        merge.take(1, pulse(1, clock(60, 0.02, 120.0, true, 1), vec![shown(50, 0.0, jump)]), START + 10 * MS);
        assert!((merge.advance(START + 40 * MS, &mut events).unwrap().beats.0 - 15.98).abs() < 1e-9);
        assert!((merge.advance(START + 55 * MS, &mut events).unwrap().beats.0 - 0.01).abs() < 1e-9);
        // Where the beginning is lost, it begins nevertheless.
        merge.take(1, pulse(9, clock(70, 40.0, 90.0, true, 2), vec![]), START + 60 * MS);
        let at = merge.advance(START + 200 * MS, &mut events).unwrap();
        assert!(at.tempo == Bpm(90.0) && at.beats.0 > 40.0 && merge.lost() == 7, "{at:?} {}", merge.lost());
    }

    #[test]
    fn one_leads_and_the_others_bring_their_notes() {
        let (mut merge, mut events) = (Merge::default(), Vec::new());
        merge.join(1, found("a"));
        merge.join(2, found("b"));
        merge.take(1, pulse(0, clock(0, 4.0, 120.0, true, 0), vec![]), START);
        merge.take(2, pulse(0, clock(0, 100.0, 60.0, true, 0), vec![]), START);
        let beat = ShowKind::Beat { in_bar: 0 };
        let theirs = vec![shown(250, 100.25, on(72)), shown(250, 100.25, beat)];
        merge.take(2, pulse(1, clock(250, 100.25, 60.0, true, 0), theirs), START + 250 * MS);
        merge.advance(START + 260 * MS, &mut events);
        assert_eq!(merge.about(START + 260 * MS).map(|(found, count)| (found.id.as_str(), count)), Some(("a", 2)));
        let notes: Vec<_> = events.iter().filter(|e| e.kind == on(72)).collect();
        assert!(matches!(notes[..], [e] if (e.pos_beats.0 - 4.5).abs() < 1e-9), "{events:?}");
        assert!(!events.iter().any(|e| e.kind == beat));
        // The leader stops: the other takes over at once, and says so.
        events.clear();
        merge.take(1, pulse(1, clock(270, 4.5, 120.0, false, 0), vec![]), START + 270 * MS);
        let at = merge.advance(START + 271 * MS, &mut events).unwrap();
        assert!(at.tempo == Bpm(60.0) && at.playing);
        assert!(
            matches!(events[..], [ShowEvent { kind: ShowKind::Transport { playing: true, .. }, .. }]),
            "{events:?}"
        );
    }

    #[test]
    fn who_is_silent_or_gone_lets_its_keys_go() {
        for goes in [true, false] {
            let (mut merge, mut events) = (Merge::default(), Vec::new());
            merge.join(1, found("a"));
            merge.take(1, pulse(0, clock(0, 4.0, 120.0, true, 0), vec![shown(0, 4.0, on(60))]), START);
            merge.advance(START, &mut events);
            if goes {
                merge.leave(1);
            }
            events.clear();
            assert_eq!(merge.advance(START + 800 * MS, &mut events), None);
            let off = ShowKind::NoteOff { part: Part::Call, pitch: 60 };
            assert!(matches!(events[..], [e] if e.kind == off), "{events:?}");
            merge.take(1, pulse(1, clock(900, 6.0, 120.0, true, 0), vec![]), START + 900 * MS);
            assert_eq!(merge.advance(START + 900 * MS, &mut events).is_some(), !goes);
        }
    }

    #[test]
    fn a_host_that_no_longer_calls_stands_still_and_far_moments_are_near() {
        let (mut merge, mut events) = (Merge::default(), Vec::new());
        merge.join(1, found("a"));
        let far = vec![shown(3_600_000, 5.0, on(60))];
        for (i, events) in [far, vec![], vec![], vec![]].into_iter().enumerate() {
            let at = 500 * i as u64;
            merge.take(1, pulse(i as u64, clock(0, 4.0, 120.0, true, 0), events), START + at * MS);
        }
        let at = merge.advance(START + 1700 * MS, &mut events).unwrap();
        assert!(!at.playing && at.beats.0 <= 6.0 + 1e-9 && at.idle_ns == 0, "{at:?}");
        assert!(events.iter().any(|e| e.kind == on(60)));
        assert!(merge.advance(START + 2100 * MS, &mut events).unwrap().idle_ns >= 400 * MS);
    }
}
