//! A window that is gone when it is said to be.
//!
//! On X11 a window of baseview has a thread of its own, and its handle does not always wait for that thread when it is
//! dropped (0.4.2: it asks the thread to show the window once more, and where the thread ends before it answers, nobody
//! joins it). A host may take the parent window away, or the whole plugin, as soon as the editor is destroyed: so the
//! handle here waits.

use crate::shared::Shared;
use nice_plug::editor::dpi::NativeSize;
use nice_plug::editor::{EditorHandle, Modifiers, ParentWindowHandle, VirtualKeyCode};
use nice_plug_egui::EguiEditorHandle;
use nice_plug_egui::baseview::{Error, Window};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest wait for a thread to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a thread draws, as that thread and the one that closes the window know it.
#[derive(Debug, Clone, Default)]
pub struct Alive(Arc<AtomicBool>);

/// Falls when its thread ends: after everything that the thread had on its stack.
struct Ending(Alive);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}

thread_local! {
    static ENDING: RefCell<Option<Ending>> = const { RefCell::new(None) };
}

impl Alive {
    /// This thread draws from now on, until it ends.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
        ENDING.replace(Some(Ending(self.clone())));
    }

    /// Waits until the thread has ended. Gives whether it has.
    pub fn wait(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while self.0.load(Ordering::Acquire) {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

/// The window of an open editor.
pub struct OpenWindow {
    /// `None` only while it is dropped.
    window: Option<Window>,
    alive: Alive,
}

impl OpenWindow {
    /// A window that was opened, and what its thread is known by.
    pub fn new(window: Window, alive: Alive) -> Self {
        Self { window: Some(window), alive }
    }
}

impl Drop for OpenWindow {
    fn drop(&mut self) {
        drop(self.window.take());
        // Elsewhere windows live on the host's thread, which is this one.
        if cfg!(target_os = "linux") {
            self.alive.wait(PATIENCE);
        }
    }
}

/// What a host moves an open editor with.
pub struct Handle(pub EguiEditorHandle, pub Arc<Shared>);

impl EditorHandle for Handle {
    type Window = OpenWindow;
    type Error = Error;

    fn run_until_closed(mut window: OpenWindow) -> Result<(), Error> {
        window.window.take().map_or(Ok(()), EguiEditorHandle::run_until_closed)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &OpenWindow) -> Result<(), Error> {
        window.window.as_ref().map_or(Ok(()), |window| self.0.set_parent(parent, window))
    }

    fn show(&self, window: &OpenWindow) -> Result<(), Error> {
        window.window.as_ref().map_or(Ok(()), |window| self.0.show(window))
    }

    fn hide(&self, window: &OpenWindow) -> Result<(), Error> {
        window.window.as_ref().map_or(Ok(()), |window| self.0.hide(window))
    }

    fn set_size(&self, size: NativeSize<u32>, window: &OpenWindow) -> Result<(), Error> {
        window.window.as_ref().map_or(Ok(()), |window| self.0.set_size(size, window))
    }

    fn host_main_thread_callback(&self, window: &OpenWindow) {
        if let Some(window) = &window.window {
            self.0.host_main_thread_callback(window);
        }
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &OpenWindow) -> Option<NativeSize<u32>> {
        window.window.as_ref().and_then(|window| self.0.adjust_size(size, window))
    }

    fn set_fallback_scale_factor(&self, factor: f64, window: &OpenWindow) -> Result<(), Error> {
        window.window.as_ref().map_or(Ok(()), |window| self.0.set_fallback_scale_factor(factor, window))
    }

    fn on_virtual_key_from_host(&self, key: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        self.0.on_virtual_key_from_host(key, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.1.bell().ring();
    }

    fn param_value_changed(&self, _id: &str, _value: f32) {
        self.1.bell().ring();
    }

    fn param_modulation_changed(&self, _id: &str, _offset: f32) {
        self.1.bell().ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_waited_for_to_its_end_and_not_for_ever() {
        let (alive, ready, end) =
            (Alive::default(), Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        assert!(alive.wait(Duration::ZERO));
        let thread = std::thread::spawn({
            let (alive, ready, end) = (alive.clone(), Arc::clone(&ready), Arc::clone(&end));
            move || {
                alive.begin();
                ready.store(true, Ordering::Release);
                while !end.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        while !ready.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        assert!(!alive.wait(Duration::from_millis(20)));
        end.store(true, Ordering::Release);
        assert!(alive.wait(Duration::from_secs(60)));
        thread.join().unwrap();
    }
}
