//! Wakes the window from another thread.
//!
//! This is not nice-plug-egui's notifier: on X11 a window of baseview 0.4.2 that is asked for a picture before it is on the
//! screen waits for an answer that does not come, and stays black for ever; and a notifier asks as soon as its timer
//! ticks. This one is hung up with the first picture.

use egui::Context;
use std::sync::{Mutex, PoisonError};

/// Rung by whoever has something new to show.
#[derive(Debug, Default)]
pub struct Bell(Mutex<Option<Context>>);

impl Bell {
    fn hung(&self) -> std::sync::MutexGuard<'_, Option<Context>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a window draws when it is rung.
    pub fn hang(&self, ctx: &Context) {
        let mut hung = self.hung();
        if hung.is_none() {
            *hung = Some(ctx.clone());
        }
    }

    /// There is no window any more.
    pub fn take_down(&self) {
        *self.hung() = None;
    }

    /// There is something new to see.
    pub fn ring(&self) {
        if let Some(ctx) = &*self.hung() {
            ctx.request_repaint();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn a_window_is_asked_for_a_picture_only_while_the_bell_hangs() {
        let (bell, ctx, asked) = (Bell::default(), Context::default(), Arc::new(AtomicU32::new(0)));
        let count = Arc::clone(&asked);
        ctx.set_request_repaint_callback(move |_| _ = count.fetch_add(1, Ordering::Relaxed));
        let rung = |bell: &Bell| {
            let before = asked.load(Ordering::Relaxed);
            bell.ring();
            asked.load(Ordering::Relaxed) > before
        };
        assert!(!rung(&bell));
        bell.hang(&ctx);
        assert!(rung(&bell));
        bell.take_down();
        assert!(!rung(&bell));
    }
}
