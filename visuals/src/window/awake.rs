//! Keeps the display on while a show runs.

use std::sync::mpsc::{Sender, channel};

/// While this is there the display does not go to sleep.
pub(super) struct Awake(#[expect(dead_code, reason = "its end tells the thread to let go")] Option<Sender<()>>);

impl Awake {
    /// Asks the system, on a thread of its own, since some systems take their time to answer. Where it refuses, that is told.
    pub fn hold() -> Self {
        let (hold, held) = channel::<()>();
        let ask = move || {
            let asked = keepawake::Builder::default()
                .display(true)
                .idle(true)
                .reason("a show is running")
                .app_name("Oneiro")
                .app_reverse_domain("org.oneiro.Visuals")
                .create();
            match asked {
                Ok(_awake) => drop(held.recv()),
                Err(e) => eprintln!("the display may go to sleep, since the system cannot be asked not to let it: {e}"),
            }
        };
        let thread = std::thread::Builder::new().name("awake".into()).spawn(ask);
        Self(thread.is_ok().then_some(hold))
    }
}
