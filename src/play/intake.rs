//! What comes in from hands: bytes of MIDI devices and keys of the computer, as orders to the instrument.

use super::{Binding, ControlMap};
use crate::bridge::{Counters, RingSender, SampleClock};
use crate::controls::{Control, Knob, Learner, moved};
use crate::devices::midi::Input;
use crate::live::transport::ClockMessage;
use crate::live::{Order, OrderKind, PlayerKind};
use crate::music::midi::{Message, MessageReader};
use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The hand of the computer's own keyboard; MIDI ports have other numbers.
const COMPUTER: u32 = 0;

/// Room in the ring that note-ons leave: enough to let every key go, and to panic.
const RESERVE: usize = 160;
/// A switch pedal is down from here on.
const PEDAL_DOWN: u8 = 64;

/// Something for those who look after the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Taken {
    /// A knob moves a control: the value is a position, 0 to 1, of that knob.
    Moved {
        /// What.
        control: Control,
        /// By what.
        knob: Knob,
        /// Where it stands: 0 to 1.
        position: f64,
    },
    /// A knob was learnt.
    Learnt(Binding),
    /// To be passed on as it is, where thru is switched on: no note.
    Thru(Message),
}

/// Takes everything in, from any thread but the audio thread. The threads of several devices wait for each other here.
#[derive(Debug)]
pub struct Intake(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    orders: RingSender<Order>,
    clock: Arc<SampleClock>,
    counters: Arc<Counters>,
    hands: BTreeMap<u32, Hand>,
    /// How many hands and channels hold each key.
    holders: [u16; 128],
    knobs: Learner<Control>,
    taken: Sender<Taken>,
    closed: bool,
}

/// What one device holds.
#[derive(Debug, Default)]
struct Hand {
    reader: MessageReader,
    /// Keys held, a bit each, by channel.
    held: [u128; 16],
    /// Keys let go while the pedal is down.
    sustained: [u128; 16],
    pedal: [bool; 16],
}

impl Intake {
    /// An intake that holds nothing.
    pub(super) fn new(
        orders: RingSender<Order>,
        clock: Arc<SampleClock>,
        counters: Arc<Counters>,
        map: ControlMap,
        taken: Sender<Taken>,
    ) -> Self {
        let hands = BTreeMap::new();
        Self(Mutex::new(Inner {
            orders,
            clock,
            counters,
            hands,
            holders: [0; 128],
            knobs: Learner::new(map),
            taken,
            closed: false,
        }))
    }

    /// An intake with an empty map, and nobody who looks after knobs.
    pub fn alone(orders: RingSender<Order>, clock: Arc<SampleClock>, counters: Arc<Counters>) -> Self {
        let (taken, _nobody) = channel();
        Self::new(orders, clock, counters, ControlMap::default(), taken)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A thread that panicked here has left nothing half done that matters.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an order at a moment: whether there was room for it.
    pub fn order(&self, ns: u64, kind: OrderKind) -> bool {
        self.lock().order(ns, kind, 0)
    }

    /// Presses a key of the computer.
    pub fn press(&self, ns: u64, pitch: u8, velocity: u8) {
        self.lock().on(COMPUTER, ns, 0, pitch & 127, velocity.clamp(1, 127));
    }

    /// Lets a key of the computer go.
    pub fn release(&self, ns: u64, pitch: u8) {
        self.lock().off(COMPUTER, ns, 0, pitch & 127);
    }

    /// Ends everything and forgets what is held.
    pub fn panic(&self, ns: u64) {
        let mut inner = self.lock();
        inner
            .hands
            .values_mut()
            .for_each(|hand| *hand = Hand { reader: std::mem::take(&mut hand.reader), ..Hand::default() });
        inner.holders = [0; 128];
        inner.order(ns, OrderKind::Play(PlayerKind::Panic), 0);
    }

    /// Ends everything, and takes in nothing any more.
    pub fn close(&self, ns: u64) {
        self.panic(ns);
        self.lock().closed = true;
    }

    /// The next knob that moves is to move this control; `None` ends the wait.
    pub fn learn(&self, control: Option<Control>) {
        self.lock().knobs.wait(control);
    }

    /// The map as it is now.
    pub fn map(&self) -> ControlMap {
        self.lock().knobs.map().clone()
    }

    /// Forgets what moves a control.
    pub fn forget(&self, control: Control) {
        self.lock().knobs.forget(control);
    }
}

impl Input for Intake {
    fn bytes(&self, hand: u32, ns: u64, bytes: &[u8]) {
        let mut inner = self.lock();
        let mut reader = std::mem::take(&mut inner.hands.entry(hand).or_default().reader);
        reader.read(bytes, |message| inner.message(hand, ns, message));
        if let Some(hand) = inner.hands.get_mut(&hand) {
            hand.reader = reader;
        }
    }

    fn gone(&self, hand: u32, ns: u64) {
        let mut inner = self.lock();
        (0..16).for_each(|channel| inner.let_all_go(hand, ns, channel));
        inner.hands.remove(&hand);
    }
}

impl Inner {
    fn order(&mut self, ns: u64, kind: OrderKind, leaving: usize) -> bool {
        let sample = self.clock.sample_at(ns);
        let sent = self.orders.send_leaving(leaving, Order { sample, kind }).is_ok();
        if !sent {
            self.counters.orders_dropped.raise();
        }
        sent
    }

    fn message(&mut self, hand: u32, ns: u64, message: Message) {
        if let Some(clock) = ClockMessage::parse(message.bytes()) {
            self.order(ns, OrderKind::Clock(clock), RESERVE);
            return;
        }
        let bytes = message.bytes();
        if self.turn(bytes) {
            return;
        }
        let (status, channel) = (bytes[0] & 0xF0, bytes[0] & 0x0F);
        let (first, second) = (bytes.get(1).copied().unwrap_or(0), bytes.get(2).copied().unwrap_or(0));
        match status {
            0x80 | 0x90 => {
                let velocity = if status == 0x90 { second } else { 0 };
                if velocity > 0 {
                    self.on(hand, ns, channel, first, velocity);
                } else {
                    self.off(hand, ns, channel, first);
                }
            }
            0xB0 => self.controller(hand, ns, channel, first, second, message),
            0xA0 | 0xC0 | 0xD0 | 0xE0 => self.tell(Taken::Thru(message)),
            _ => {}
        }
    }

    fn controller(&mut self, hand: u32, ns: u64, channel: u8, number: u8, value: u8, message: Message) {
        match number {
            64 => self.pedal(hand, ns, channel, value >= PEDAL_DOWN),
            // All sound off, all notes off and the changes of mode that imply it.
            120 | 123..=127 => self.let_all_go(hand, ns, channel),
            121 => self.pedal(hand, ns, channel, false),
            _ => {}
        }
        self.tell(Taken::Thru(message));
    }

    /// A knob moves: whether that is a control's business, so that no note sounds.
    fn turn(&mut self, message: &[u8]) -> bool {
        let Some((channel, knob, position)) = Knob::of(message) else { return false };
        let Some(turn) = self.knobs.turn(channel, knob, position) else { return false };
        if let Some(binding) = turn.learnt {
            self.tell(Taken::Learnt(binding));
        }
        self.tell(Taken::Moved { control: turn.moved, knob, position });
        true
    }

    fn tell(&self, taken: Taken) {
        // Nobody listens when the program ends.
        let _nobody = self.taken.send(taken);
    }

    fn on(&mut self, hand: u32, ns: u64, channel: u8, pitch: u8, velocity: u8) {
        if self.closed || !self.order(ns, OrderKind::Play(PlayerKind::NoteOn { pitch, velocity }), RESERVE) {
            return;
        }
        let (key, channel) = (1_u128 << pitch, usize::from(channel));
        let hand = self.hands.entry(hand).or_default();
        let held_already = (hand.held[channel] | hand.sustained[channel]) & key != 0;
        hand.held[channel] |= key;
        hand.sustained[channel] &= !key;
        self.holders[usize::from(pitch)] += u16::from(!held_already);
    }

    fn off(&mut self, hand: u32, ns: u64, channel: u8, pitch: u8) {
        let (key, channel) = (1_u128 << pitch, usize::from(channel));
        let Some(hand) = self.hands.get_mut(&hand).filter(|hand| hand.held[channel] & key != 0) else { return };
        hand.held[channel] &= !key;
        if hand.pedal[channel] {
            hand.sustained[channel] |= key;
        } else {
            self.drop_holder(ns, pitch);
        }
    }

    fn drop_holder(&mut self, ns: u64, pitch: u8) {
        let holders = &mut self.holders[usize::from(pitch)];
        *holders = holders.saturating_sub(1);
        if *holders == 0 {
            self.order(ns, OrderKind::Play(PlayerKind::NoteOff { pitch }), 0);
        }
    }

    fn pedal(&mut self, hand: u32, ns: u64, channel: u8, down: bool) {
        let hand = self.hands.entry(hand).or_default();
        hand.pedal[usize::from(channel)] = down;
        if !down {
            let keys = std::mem::take(&mut hand.sustained[usize::from(channel)]);
            self.drop_holders(ns, keys);
        }
    }

    fn let_all_go(&mut self, hand: u32, ns: u64, channel: u8) {
        let channel = usize::from(channel);
        let Some(hand) = self.hands.get_mut(&hand) else { return };
        let keys = std::mem::take(&mut hand.held[channel]) | std::mem::take(&mut hand.sustained[channel]);
        hand.pedal[channel] = false;
        self.drop_holders(ns, keys);
    }

    fn drop_holders(&mut self, ns: u64, keys: u128) {
        (0..128_u8).filter(|pitch| keys >> pitch & 1 == 1).for_each(|pitch| self.drop_holder(ns, pitch));
    }
}

/// The value that a move gives its control.
pub(super) fn value_of(taken: &Taken, present: f64) -> Option<(Control, f64)> {
    let Taken::Moved { control, knob, position } = *taken else { return None };
    moved(control, knob, position, present).map(|value| (control, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{RingReceiver, ring};
    use crate::time::SampleRate;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::sync::mpsc::Receiver;

    fn intake(room: usize) -> (Intake, RingReceiver<Order>, Receiver<Taken>, Arc<Counters>) {
        let ((orders, ordered), (sender, taken)) = (ring(room), channel());
        let (clock, counters) = (Arc::new(SampleClock::new(SampleRate(48_000))), Arc::new(Counters::default()));
        (Intake::new(orders, clock, Arc::clone(&counters), ControlMap::default(), sender), ordered, taken, counters)
    }

    /// Keys that orders leave pressed. No key is let go that is not pressed.
    fn pressed(orders: &mut RingReceiver<Order>) -> BTreeSet<u8> {
        let mut keys = BTreeSet::new();
        while let Some(order) = orders.receive() {
            match order.kind {
                OrderKind::Play(PlayerKind::NoteOn { pitch, velocity }) => {
                    assert!(velocity > 0);
                    keys.insert(pitch);
                }
                OrderKind::Play(PlayerKind::NoteOff { pitch }) => assert!(keys.remove(&pitch), "{pitch}"),
                OrderKind::Play(PlayerKind::Panic) => keys.clear(),
                _ => {}
            }
        }
        keys
    }

    #[test]
    fn notes_without_a_beginning_do_not_end_and_a_key_of_two_hands_ends_with_the_last() {
        let (intake, mut orders, ..) = intake(1000);
        intake.bytes(1, 0, &[0x80, 60, 0, 61, 0]);
        assert!(orders.receive().is_none());
        intake.bytes(1, 0, &[0x90, 60, 90]);
        intake.bytes(2, 0, &[0x95, 60, 90]);
        intake.bytes(1, 0, &[0x80, 60, 0]);
        assert_eq!(pressed(&mut orders), BTreeSet::from([60]));
        intake.bytes(2, 0, &[0x95, 60]);
        intake.bytes(2, 0, &[0]);
        assert_eq!(orders.receive().map(|o| o.kind), Some(OrderKind::Play(PlayerKind::NoteOff { pitch: 60 })));
    }

    #[test]
    fn the_pedal_holds_and_a_device_that_vanishes_lets_go() {
        let (intake, mut orders, ..) = intake(1000);
        intake.bytes(1, 0, &[0xB0, 64, 127, 0x90, 60, 9, 62, 9, 0x80, 60, 0]);
        intake.bytes(1, 0, &[0x90, 60, 9, 60, 0]);
        intake.press(0, 64, 200);
        assert_eq!(orders.waiting(), 4);
        intake.gone(1, 0);
        assert_eq!(pressed(&mut orders), BTreeSet::from([64]));
        intake.release(0, 64);
        intake.release(0, 64);
        assert_eq!(orders.waiting(), 1);
    }

    #[test]
    fn a_storm_of_notes_never_costs_a_note_its_end() {
        let (intake, mut orders, _, counters) = intake(512);
        let storm: Vec<u8> = std::iter::once(0x90).chain((0..1000).flat_map(|i| [(i % 128) as u8, 100])).collect();
        intake.bytes(1, 0, &storm);
        assert!(counters.orders_dropped.get() > 0, "the ring was full");
        intake.bytes(1, 0, &[0xB0, 123, 0]);
        assert_eq!(pressed(&mut orders), BTreeSet::new());
    }

    #[test]
    fn a_knob_is_learnt_and_moves_its_control_from_then_on() {
        let (intake, mut orders, taken, _) = intake(1000);
        intake.bytes(1, 0, &[0xB3, 20, 127]);
        assert!(matches!(taken.try_recv(), Ok(Taken::Thru(_))));
        intake.learn(Some(Control::TEMPO));
        intake.bytes(1, 0, &[0xB3, 20, 127]);
        assert!(matches!(taken.try_recv(), Ok(Taken::Learnt(b)) if b.control == Control::TEMPO && b.channel == 3));
        let moved = taken.try_recv().unwrap();
        assert_eq!(value_of(&moved, 0.0), Some((Control::TEMPO, Control::TEMPO.spec().range.1)));
        intake.learn(Some(Control::PANIC));
        intake.bytes(1, 0, &[0x99, 36, 1, 36, 0]);
        assert_eq!(taken.try_iter().filter(|t| value_of(t, 0.0).is_some()).count(), 1);
        assert!(orders.receive().is_none(), "a key that is a switch does not sound");
        intake.forget(Control::PANIC);
        intake.bytes(1, 0, &[0x99, 36, 1]);
        assert_eq!(pressed(&mut orders), BTreeSet::from([36]));
    }

    proptest! {
        #[test]
        fn any_bytes_of_any_devices_leave_no_key_pressed_once_they_are_gone(
            storms in prop::collection::vec((0_u32..3, prop::collection::vec(any::<u8>(), 0..120)), 0..12),
        ) {
            let (intake, mut orders, ..) = intake(4096);
            for (hand, bytes) in &storms {
                intake.bytes(*hand, 7, bytes);
            }
            (0..3).for_each(|hand| intake.gone(hand, 8));
            prop_assert_eq!(pressed(&mut orders), BTreeSet::new());
        }
    }
}
