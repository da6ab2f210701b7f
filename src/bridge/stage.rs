use super::{
    ClockReading, Counters, Full, Heard, Meters, NewestReader, NewestWriter, Plan, RingReceiver, RingSender, ShowEvent,
    newest, ring,
};
use std::sync::Arc;

/// How many messages each ring holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageSizes {
    /// Composer to audio.
    pub plans: usize,
    /// Audio to composer.
    pub heard: usize,
    /// Audio to pictures.
    pub show: usize,
}

impl Default for StageSizes {
    /// Room for several seconds of the densest music while a reader is held up.
    fn default() -> Self {
        Self { plans: 4096, heard: 4096, show: 8192 }
    }
}

/// The audio thread's ends.
#[derive(Debug)]
pub struct AudioSide {
    /// Plans from the composer.
    pub plans: RingReceiver<Plan>,
    /// To the composer.
    pub heard: RingSender<Heard>,
    /// To the pictures.
    pub show: RingSender<ShowEvent>,
    /// The clock, for whoever wants to know.
    pub clock: NewestWriter<ClockReading>,
    /// The meters, for whoever wants to know.
    pub meters: NewestWriter<Meters>,
    /// What went wrong so far.
    pub counters: Arc<Counters>,
}

/// The composer's ends.
#[derive(Debug)]
pub struct ComposerSide {
    /// Plans to the audio side; use [`ComposerSide::plan`], which counts refusals.
    pub plans: RingSender<Plan>,
    /// What was heard.
    pub heard: RingReceiver<Heard>,
    /// What went wrong so far.
    pub counters: Arc<Counters>,
}

impl ComposerSide {
    /// Sends a plan.
    ///
    /// # Errors
    /// The plan itself where the ring is full; it is counted.
    pub fn plan(&mut self, plan: Plan) -> Result<(), Full<Plan>> {
        self.plans.send(plan).inspect_err(|_| self.counters.plans_refused.raise())
    }
}

/// The ends of pictures, meters and editors.
#[derive(Debug)]
pub struct WatcherSide {
    /// What there is to see.
    pub show: RingReceiver<ShowEvent>,
    /// The newest clock.
    pub clock: NewestReader<ClockReading>,
    /// The newest meters.
    pub meters: NewestReader<Meters>,
    /// What went wrong so far.
    pub counters: Arc<Counters>,
}

/// All ends of the rings of one performance, to be handed out to their threads.
#[derive(Debug)]
pub struct Stage {
    /// For the performer.
    pub audio: AudioSide,
    /// For the composer.
    pub composer: ComposerSide,
    /// For pictures and meters.
    pub watcher: WatcherSide,
}

impl Stage {
    /// Allocates every ring.
    pub fn new(sizes: StageSizes) -> Self {
        let counters = Arc::new(Counters::default());
        let (plans_in, plans_out) = ring(sizes.plans);
        let (heard_in, heard_out) = ring(sizes.heard);
        let (show_in, show_out) = ring(sizes.show);
        let (clock_in, clock_out) = newest(&ClockReading::default());
        let (meters_in, meters_out) = newest(&Meters::default());
        Self {
            audio: AudioSide {
                plans: plans_out,
                heard: heard_in,
                show: show_in,
                clock: clock_in,
                meters: meters_in,
                counters: Arc::clone(&counters),
            },
            composer: ComposerSide { plans: plans_in, heard: heard_out, counters: Arc::clone(&counters) },
            watcher: WatcherSide { show: show_out, clock: clock_out, meters: meters_out, counters },
        }
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new(StageSizes::default())
    }
}
