//! Between the screen and all surfaces.

use super::cues::CueList;
use super::knobs::Knobs;
use super::order::Order;
use super::preview::{Preview, PreviewOptions};
use super::snapshot::Snapshot;
use crate::stage::Lookout;
use oneiro::bridge::{NewestReader, NewestWriter, ShowEvent, newest};
use oneiro::controls::ControlMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// Orders that wait to be obeyed; more are dropped and counted.
const WAITING: usize = 1024;
/// Events of the music that wait to be sent; more are dropped and counted.
const EVENTS: usize = 4096;
/// How long the herald sleeps where nobody wakes it.
const REST: Duration = Duration::from_millis(200);

/// What a hub is opened with.
#[derive(Debug, Default)]
pub struct HubOptions {
    /// Where cues are kept; `None` keeps them nowhere.
    pub cues: Option<PathBuf>,
    /// Which knob moves what, and where that is kept.
    pub map: (ControlMap<crate::show::controls::Control>, Option<PathBuf>),
    /// Pixels of the stream for other programs, and frames a second.
    pub stream: PreviewOptions,
}

/// The screen's end. Nothing here ever waits.
///
/// **Drop policy:** an order that finds no room is dropped and counted (`lost`); a snapshot that nobody saw is overwritten.
#[derive(Debug)]
pub struct Desk {
    orders: Receiver<Order>,
    snapshots: NewestWriter<Option<Arc<Snapshot>>>,
    events: Option<SyncSender<ShowEvent>>,
    lost: Arc<AtomicU64>,
    lookouts: Vec<Lookout>,
    stop: Arc<AtomicBool>,
    herald: Option<JoinHandle<()>>,
}

/// A surface's end.
#[derive(Debug, Clone)]
pub struct Handle {
    orders: SyncSender<Order>,
    state: watch::Receiver<Arc<Snapshot>>,
    knobs: Arc<Knobs>,
    small: Preview,
    stream: Preview,
    lost: Arc<AtomicU64>,
}

/// Opens a hub; the receiver has the events of the music, for those who must have them all.
pub fn open(options: HubOptions) -> (Desk, Handle, Receiver<ShowEvent>) {
    let (sent, orders) = sync_channel(WAITING);
    let (heard, events) = sync_channel(EVENTS);
    let (snapshots, newest) = newest(&None);
    let (teller, state) = watch::channel(Arc::new(Snapshot::default()));
    let lost = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let (small, small_lookout) = Preview::spawn(PreviewOptions::SMALL);
    let (stream, stream_lookout) = Preview::spawn(options.stream);
    let knobs = Arc::new(Knobs::new(options.map.0, options.map.1, sent.clone()));
    let herald = Herald { newest, teller, cues: options.cues, orders: sent.clone(), stop: Arc::clone(&stop) };
    let herald = std::thread::Builder::new().name("herald".into()).spawn(move || herald.run()).ok();
    let desk = Desk {
        orders,
        snapshots,
        events: Some(heard),
        lost: Arc::clone(&lost),
        lookouts: vec![small_lookout, stream_lookout],
        stop,
        herald,
    };
    (desk, Handle { orders: sent, state, knobs, small, stream, lost }, events)
}

impl Desk {
    /// The next order, if there is one.
    pub fn order(&self) -> Option<Order> {
        self.orders.try_recv().ok()
    }

    /// An event of the music was heard.
    pub fn event(&mut self, event: &ShowEvent) {
        match self.events.as_ref().map(|events| events.try_send(*event)) {
            Some(Err(TrySendError::Full(_))) => drop(self.lost.fetch_add(1, Ordering::Relaxed)),
            // Nobody wants them, and nobody will.
            Some(Err(TrySendError::Disconnected(_))) => self.events = None,
            Some(Ok(())) | None => {}
        }
    }

    /// Hands a snapshot out.
    pub fn show(&mut self, snapshot: Snapshot) {
        self.snapshots.write(Some(Arc::new(snapshot)));
        if let Some(herald) = &self.herald {
            herald.thread().unpark();
        }
    }

    /// How much found no room.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Those who watch from afar, for [`crate::stage::Stage::watch`].
    pub fn lookouts(&self) -> &[Lookout] {
        &self.lookouts
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(herald) = self.herald.take() {
            herald.thread().unpark();
            // A panic there has ended it already.
            drop(herald.join());
        }
    }
}

impl Handle {
    /// Gives an order: whether there was room for it and somebody to obey.
    pub fn order(&self, order: Order) -> bool {
        let sent = self.orders.try_send(order).is_ok();
        if !sent {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }

    /// The newest snapshot.
    pub fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state.borrow())
    }

    /// Tells of each newer snapshot.
    pub fn state(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.state.clone()
    }

    /// The knobs.
    pub fn knobs(&self) -> &Arc<Knobs> {
        &self.knobs
    }

    /// The small picture of what is shown.
    pub fn small(&self) -> &Preview {
        &self.small
    }

    /// The large one.
    pub fn stream(&self) -> &Preview {
        &self.stream
    }
}

/// Tells all surfaces of the newest snapshot, so that the screen need not touch a lock.
struct Herald {
    newest: NewestReader<Option<Arc<Snapshot>>>,
    teller: watch::Sender<Arc<Snapshot>>,
    cues: Option<PathBuf>,
    orders: SyncSender<Order>,
    stop: Arc<AtomicBool>,
}

impl Herald {
    fn run(mut self) {
        let mut kept: Option<Arc<CueList>> = None;
        loop {
            let stopped = self.stop.load(Ordering::Acquire);
            if self.newest.is_new()
                && let Some(snapshot) = self.newest.read().clone()
            {
                let list = Arc::clone(&snapshot.cues.list);
                self.teller.send_replace(snapshot);
                // The first list is the one that was read.
                if kept.as_ref().is_some_and(|kept| !Arc::ptr_eq(kept, &list) && **kept != *list) {
                    self.keep(&list);
                }
                kept = Some(list);
            }
            if stopped {
                return;
            }
            std::thread::park_timeout(REST);
        }
    }

    fn keep(&self, list: &CueList) {
        if let Some(Err(e)) = self.cues.as_deref().map(|path| list.write(path)) {
            // With a full channel there is more to read than this.
            let _full = self.orders.try_send(Order::Note(format!("the cues are not kept: {e}")));
        }
    }
}
