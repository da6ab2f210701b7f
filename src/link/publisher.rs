//! The thread of one instance that tells other programs what it plays.

use super::about::describe;
use super::pulse::{self, MOST_EVENTS, Pulse};
use super::room::{Corner, LinkError, Room, services};
use super::watch::{self, Thumbnail, Watch};
use crate::bridge::{Moment, RelayReceiver, Shown};
use crate::caught::{caught, trap};
use crate::moment::now_ns;
use crate::time::SampleRate;
use iceoryx2::port::{publisher::Publisher as Sender, subscriber::Subscriber as Receiver};
use iceoryx2::prelude::{AllocationStrategy, Node, PortFactory as _, ipc};
use iceoryx2::service::port_factory::publish_subscribe::PortFactory;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Visualizers that may follow one instance at once.
pub(super) const FOLLOWERS: usize = 4;
/// Messages that wait for a follower; then the oldest give way.
pub(super) const WAITING: usize = 64;
/// Longest time between two messages while somebody follows, in nanoseconds.
const BEAT_NS: u64 = 40_000_000;
/// How long the thread rests: while nobody follows, while somebody does, and while something happens.
const REST: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(8), Duration::from_millis(2)];
/// For so long after the last event something happens.
const BUSY_NS: u64 = 2_000_000_000;
/// A follower that was not heard of for so long is gone.
const GONE_NS: u64 = 1_000_000_000;
/// How often what killed programs left is looked for, where some may have been.
const SWEEP_NS: u64 = 500_000_000;
/// When it is tried again after a failure.
const AGAIN: Duration = Duration::from_secs(10);

/// Who tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The instance's name: the track's, or what else tells it from others.
    pub name: String,
    /// The program that it runs in.
    pub program: String,
    /// Samples a second.
    pub rate: SampleRate,
}

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watched {
    /// Visualizers that follow.
    pub watchers: usize,
    /// The newest picture of what they show.
    pub picture: Option<Thumbnail>,
}

/// Whoever wants to know how the link is doing; called on the link's thread.
pub trait Onlooker: Send {
    /// Who looks has changed, or what is shown.
    fn watched(&mut self, watched: &Watched);

    /// Nothing can be told: why, in one line. Told once.
    fn problem(&mut self, reason: &str);

    /// Whether a picture is wanted.
    fn wants_picture(&self) -> bool {
        false
    }

    /// What the instance is now, where that has changed since the last call.
    fn renamed(&mut self) -> Option<Identity> {
        None
    }
}

/// The thread, as long as this lives.
#[derive(Debug)]
pub struct Publisher {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Publisher {
    /// Starts it. Whatever cannot be opened is told to the onlooker, and tried again now and then; what the relay brings
    /// is let go meanwhile.
    pub fn spawn(identity: Identity, relay: RelayReceiver, mut onlooker: Box<dyn Onlooker>) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        let run = move || {
            let (mut desk, mut told) = (Desk { identity, relay, ends: ended }, false);
            while let Err(reason) = caught(|| desk.run(&mut *onlooker)) {
                if !std::mem::replace(&mut told, true) {
                    let problem = format!("the link to other programs has failed ({reason}) and begins anew");
                    // It may be the onlooker that fails.
                    let _told = caught(|| onlooker.problem(&problem));
                }
                std::thread::park_timeout(AGAIN / 10);
            }
        };
        // A system without a thread left has told so where a more important one was wanted.
        let thread = std::thread::Builder::new().name("oneiro link".to_owned()).spawn(run).ok();
        Self { ends, thread }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there was caught and told.
            let _ended = thread.join();
        }
    }
}

struct Desk {
    identity: Identity,
    relay: RelayReceiver,
    ends: Arc<AtomicBool>,
}

impl Desk {
    fn run(&mut self, onlooker: &mut dyn Onlooker) {
        let mut line: Option<Line> = None;
        let (mut again, mut told) = (Instant::now(), false);
        while !self.ends.load(Ordering::Acquire) {
            trap("publisher");
            if let Some(identity) = onlooker.renamed().filter(|identity| *identity != self.identity) {
                (self.identity, line, again) = (identity, None, Instant::now());
            }
            if line.is_none() && Instant::now() >= again {
                match Room::usual().and_then(|room| Line::open(&room, &self.identity)) {
                    Ok(opened) => line = Some(opened),
                    Err(LinkError::Off) => return,
                    Err(e) => {
                        again = Instant::now() + AGAIN;
                        if !std::mem::replace(&mut told, true) {
                            onlooker.problem(&e.to_string());
                        }
                    }
                }
            }
            let rest = match &mut line {
                Some(open) => open.step(&mut self.relay, onlooker).unwrap_or_else(|_| {
                    // What it was lies in the system; a new line may do better.
                    (line, again) = (None, Instant::now() + AGAIN / 10);
                    REST[0]
                }),
                None => {
                    while self.relay.receive().is_some() {}
                    REST[0]
                }
            };
            std::thread::park_timeout(rest);
        }
    }
}

/// Instances of a copy open and leave their corner one after the other.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Clears the corner up when the last has left it.
struct Leaving(Room);

impl Drop for Leaving {
    fn drop(&mut self) {
        let _turn = turn();
        self.0.remove();
    }
}

/// An open line. Ports go before their services, and these before the node.
struct Line {
    sender: Sender<ipc::Service, [u8], ()>,
    receiver: Receiver<ipc::Service, [u8], ()>,
    show: PortFactory<ipc::Service, [u8], ()>,
    _watch: PortFactory<ipc::Service, [u8], ()>,
    node: Node<ipc::Service>,
    _leaving: Leaving,
    number: u64,
    bytes: Vec<u8>,
    events: Vec<Shown>,
    followers: usize,
    sent_ns: u64,
    happened_ns: u64,
    swept_ns: u64,
    /// How the clock stood in the last message: stretch of time, whether it runs, tempo.
    stood: (u32, bool, u64),
    /// When each visualizer was last heard of.
    heard: BTreeMap<(u32, u32), u64>,
    watched: Watched,
}

/// A name that no other instance has or had.
fn fresh_id() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    format!("{}-{:x}-{made}", std::process::id(), now_ns())
}

impl Line {
    fn open(room: &Room, identity: &Identity) -> Result<Self, LinkError> {
        let system = LinkError::system;
        room.sweep();
        let corner = room.corner(&Corner::own());
        let _turn = turn();
        let node = corner.join()?;
        let [show, watch] = services(&fresh_id())?;
        let (process, rate) = (std::process::id().to_string(), identity.rate.0.to_string());
        let all = [("name", &identity.name), ("program", &identity.program), ("process", &process), ("rate", &rate)];
        let about = describe(&all.map(|(key, text)| (key, text.as_str())))?;
        let builder = node.service_builder(&watch).publish_subscribe::<[u8]>();
        let builder = builder.max_publishers(FOLLOWERS).max_subscribers(1).max_nodes(FOLLOWERS + 1);
        let builder = builder.subscriber_max_buffer_size(2).enable_safe_overflow(true);
        let watch = builder.create().map_err(|e| system("its watch")(&e))?;
        let receiver = watch.subscriber_builder().create().map_err(|e| system("its watch")(&e))?;
        // Last: who sees it finds the other.
        let builder = node.service_builder(&show).publish_subscribe::<[u8]>();
        let builder = builder.max_publishers(1).max_subscribers(FOLLOWERS).max_nodes(FOLLOWERS + 1);
        let builder = builder.subscriber_max_buffer_size(WAITING).enable_safe_overflow(true);
        let show = builder.create_with_attributes(&about).map_err(|e| system("its show")(&e))?;
        let builder = show.publisher_builder().initial_max_slice_len(pulse::LONGEST);
        let sender = builder.allocation_strategy(AllocationStrategy::Static).create();
        let sender = sender.map_err(|e| system("shared memory")(&e))?;
        Ok(Self {
            sender,
            receiver,
            show,
            _watch: watch,
            node,
            _leaving: Leaving(corner),
            number: 0,
            bytes: Vec::with_capacity(pulse::LONGEST),
            events: Vec::new(),
            followers: 0,
            sent_ns: 0,
            happened_ns: 0,
            swept_ns: now_ns(),
            stood: (0, false, 0),
            heard: BTreeMap::new(),
            watched: Watched::default(),
        })
    }

    /// Tells what is new, and hears who looks. Gives how long there is time.
    fn step(&mut self, relay: &mut RelayReceiver, onlooker: &mut dyn Onlooker) -> Result<Duration, LinkError> {
        let now = now_ns();
        // In this order: what happened before the clock's position is in the ring.
        let moment = relay.now();
        self.events.clear();
        while let Some(shown) = relay.receive() {
            self.events.push(shown);
        }
        self.listen(now, onlooker)?;
        let followers = self.show.dynamic_config().number_of_subscribers();
        let joined = followers > self.followers;
        self.followers = followers;
        // A visualizer that was killed stays in the list until somebody takes it out.
        if followers > self.heard.len() && now.saturating_sub(self.swept_ns) > SWEEP_NS {
            self.swept_ns = now;
            self.node.try_cleanup_dead_nodes();
        }
        if followers == 0 {
            return Ok(REST[0]);
        }
        let clock = &moment.clock;
        let stands = (clock.epoch, clock.playing, clock.tempo.0.to_bits());
        let changed = stands != self.stood || !self.events.is_empty();
        if changed || joined || now.saturating_sub(self.sent_ns) >= BEAT_NS {
            self.stood = stands;
            self.send(now, moment, onlooker.wants_picture())?;
        }
        if changed || clock.playing {
            self.happened_ns = now;
        }
        Ok(REST[if now.saturating_sub(self.happened_ns) < BUSY_NS { 2 } else { 1 }])
    }

    fn send(&mut self, now: u64, moment: Moment, wants_picture: bool) -> Result<(), LinkError> {
        self.sent_ns = now;
        let system = LinkError::system;
        let mut from = 0;
        while from == 0 || from < self.events.len() {
            let to = self.events.len().min(from + MOST_EVENTS);
            let events = self.events[from..to].to_vec();
            let pulse = Pulse { number: self.number, sent_ns: now_ns(), now: moment, wants_picture, events };
            pulse.write(&mut self.bytes);
            let room = self.sender.loan_slice_uninit(self.bytes.len()).map_err(|e| system("room for a message")(&e))?;
            room.write_from_slice(&self.bytes).send().map_err(|e| system("a message's way")(&e))?;
            self.number += 1;
            from = to.max(1);
        }
        Ok(())
    }

    /// Hears who looks.
    fn listen(&mut self, now: u64, onlooker: &mut dyn Onlooker) -> Result<(), LinkError> {
        let mut changed = false;
        while let Some(sample) = self.receiver.receive().map_err(|e| LinkError::system("its watch")(&e))? {
            // What is no message of ours is passed over.
            let Ok(Watch { process, watcher, picture, .. }) = Watch::read(sample.payload()) else { continue };
            if self.heard.len() < 4 * FOLLOWERS || self.heard.contains_key(&(process, watcher)) {
                self.heard.insert((process, watcher), now);
            }
            if picture.is_some() {
                (self.watched.picture, changed) = (picture, true);
            }
        }
        self.heard.retain(|_, at| now.saturating_sub(*at) < GONE_NS);
        if self.watched.watchers != self.heard.len() {
            (self.watched.watchers, changed) = (self.heard.len(), true);
        }
        if self.watched.watchers == 0 {
            self.watched.picture = None;
        }
        if changed {
            onlooker.watched(&self.watched);
        }
        Ok(())
    }
}

/// Room that a visualizer needs to answer.
pub(super) const ANSWER: usize = watch::LONGEST;
