//! Which scene is on stage, which leaves, and which waits for its position.

/// A scene on stage.
#[derive(Debug, Clone, Copy)]
pub(super) struct Appearance {
    pub id: u64,
    pub scene: usize,
    /// From which position, and over how many quarter notes it comes.
    pub since: f64,
    fade: f64,
}

/// A scene that waits.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    scene: usize,
    at: f64,
    /// Quarter notes in which it comes, where that was said with it.
    fade: Option<f64>,
}

/// The scenes that come and go.
#[derive(Debug, Clone)]
pub(super) struct Bill {
    pub on_stage: Appearance,
    pub leaving: Option<Appearance>,
    waiting: Option<Waiting>,
}

impl Bill {
    pub fn new() -> Self {
        let on_stage = Appearance { id: 0, scene: 0, since: f64::NEG_INFINITY, fade: 0.0 };
        Self { on_stage, leaving: None, waiting: None }
    }

    /// The scene that waits.
    pub fn waiting(&self) -> Option<usize> {
        self.waiting.map(|waiting| waiting.scene)
    }

    /// A scene is to come at a position; one that is there already need not.
    pub fn call(&mut self, scene: usize, at: f64, fade: Option<f64>) {
        let needed = scene != self.on_stage.scene || self.leaving.is_some();
        self.waiting = needed.then_some(Waiting { scene, at, fade });
    }

    /// Brings the scene on stage whose position has come, in `fade` quarter notes unless it has its own: whether one came.
    pub fn advance(&mut self, beats: f64, fade: f64) -> bool {
        let came = self.waiting.filter(|waiting| waiting.at <= beats);
        if let Some(Waiting { scene, at, fade: own }) = came {
            self.waiting = None;
            let id = self.on_stage.id + 1;
            self.leaving = Some(self.on_stage);
            self.on_stage = Appearance { id, scene, since: at, fade: own.unwrap_or(fade) };
        }
        if beats >= self.on_stage.since + self.on_stage.fade {
            self.leaving = None;
        }
        came.is_some()
    }

    /// The music jumps back by so many quarter notes, to a position: what waited for a place comes at the next.
    pub fn jump_back(&mut self, by: f64, to: f64) {
        for appearance in std::iter::once(&mut self.on_stage).chain(&mut self.leaving) {
            appearance.since -= by;
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.at = to;
        }
    }

    /// How far the scene on stage has come, eased: 0 to 1; `None` where nothing leaves.
    pub fn share(&self, beats: f64) -> Option<f32> {
        self.leaving?;
        let way = ((beats - self.on_stage.since) / self.on_stage.fade.max(1e-6)).clamp(0.0, 1.0);
        Some((way * way * (3.0 - 2.0 * way)) as f32)
    }
}
