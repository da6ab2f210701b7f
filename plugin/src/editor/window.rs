//! The window: what hosts ask of an editor, and a size that projects keep.

use super::app::App;
use super::closing::{Alive, Handle, OpenWindow};
use super::hand::Hand;
use super::layout::{LEAST, USUAL};
use crate::moves::Moves;
use crate::parameters::Parameters;
use crate::shared::Shared;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{Editor, HostMethods, ParentWindowHandle, ResizeHint, SizeConstraints, SpawnedEditor};
use nice_plug::plugin::TrackInfo;
use nice_plug_egui::{EguiEditorState, EguiNiceSettings, RepaintNotifier, create_egui_editor};
use oneiro::seen::Grade;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Most points that a window has along a side.
const MOST: f64 = 8192.0;
/// A time that does not come.
const NEVER: Duration = Duration::from_secs(1 << 30);

/// The editor of an instance. A window may be opened and closed any number of times; undo outlives it.
pub struct OneiroEditor {
    shared: Arc<Shared>,
    parameters: Arc<Parameters>,
    moves: Arc<Mutex<Moves>>,
    /// What is known of the window that was opened last.
    window: Mutex<Option<Arc<EguiEditorState>>>,
}

/// The size that a project wants, in points.
fn kept_size(kept: Option<[u32; 2]>) -> LogicalSize<f64> {
    let (width, height) = kept.map_or(USUAL, |[width, height]| (f64::from(width), f64::from(height)));
    LogicalSize::new(width.clamp(LEAST.0, MOST), height.clamp(LEAST.1, MOST))
}

impl OneiroEditor {
    /// An editor without a window.
    pub fn new(shared: Arc<Shared>, parameters: Arc<Parameters>) -> Self {
        Self { shared, parameters, moves: Arc::default(), window: Mutex::default() }
    }

    /// What is known of the window: of the open one, or of one such as the project wants.
    fn state(&self) -> Arc<EguiEditorState> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        match &*window {
            Some(state) if state.is_open() => Arc::clone(state),
            _ => {
                let state = EguiEditorState::from_size(kept_size(self.shared.kept().window), 1.0);
                *window = Some(Arc::clone(&state));
                state
            }
        }
    }
}

impl Editor for OneiroEditor {
    type Handle = Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        scale_factor: Option<f64>,
        gui: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        let hand = Hand::new(Arc::clone(&self.parameters), Arc::clone(&self.shared), Arc::clone(&self.moves));
        let settings = EguiNiceSettings::new().with_tile("Oneiro").with_resize_hint(self.resize_hint());
        // Its timer would ask for pictures before there is a window: see `bell`.
        let settings = settings.with_repaint_poll_interval(NEVER);
        let repaint = RepaintNotifier::new();
        let alive = Alive::default();
        let app = App::new(hand, alive.clone());
        let editor = create_egui_editor(self.state(), repaint, settings, app).ok_or("there is no editor")?;
        let opened = editor.spawn(parent, wait_for_parent, scale_factor, gui, host);
        let SpawnedEditor { handle, window } = opened.inspect_err(|e| {
            self.shared.tell(Grade::Warning, format!("the editor's window cannot be opened: {e}"));
        })?;
        Ok(SpawnedEditor { handle: Handle(handle, Arc::clone(&self.shared)), window: OpenWindow::new(window, alive) })
    }

    fn size(&self) -> NativeSize<u32> {
        let state = self.state();
        let (logical, physical) = (state.logical_size(), state.physical_size());
        NativeSize::from_logical_or_physical(logical.cast(), physical.cast())
    }

    fn track_info_updated(&self, info: TrackInfo) {
        self.shared.linked().set_track(info.name());
    }

    fn resize_hint(&self) -> ResizeHint {
        ResizeHint {
            can_resize: true,
            can_resize_horizontally: true,
            can_resize_vertically: true,
            size_constraints: SizeConstraints::Logical {
                min_size: Some(LogicalSize::new(LEAST.0, LEAST.1).cast()),
                max_size: None,
            },
            ..ResizeHint::NON_RESIZABLE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_of_any_project_is_one_that_everything_fits_into() {
        assert_eq!(kept_size(None), LogicalSize::new(USUAL.0, USUAL.1));
        assert_eq!(kept_size(Some([0, u32::MAX])), LogicalSize::new(LEAST.0, MOST));
        assert_eq!(kept_size(Some([800, 500])), LogicalSize::new(800.0, 500.0));
    }
}
