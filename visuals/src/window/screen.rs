//! Between the application and its renderer: the newest frame, and the stage that draws it into the window's surface.

use super::LOST;
use crate::performance::{Frame, Performance};
use crate::stage::{Size, Stage, Target, lost_device};
use bevy::app::{App, AppExit, Plugin};
use bevy::core_pipeline::schedule::Core3d;
use bevy::core_pipeline::upscaling::upscaling;
use bevy::ecs::schedule::IntoScheduleConfigs;
use bevy::prelude::{Res, Resource, World};
use bevy::render::RenderApp;
use bevy::render::error_handler::{ErrorType, RenderError, RenderErrorHandler, RenderErrorPolicy};
use bevy::render::renderer::{RenderContext, RenderDevice, RenderQueue, ViewQuery};
use bevy::render::view::{ExtractedWindows, ViewTarget};
use std::sync::{Arc, Mutex};

/// Shortest side that is drawn while there is a text to be read, in pixels.
const LEAST_WITH_TEXT: f64 = 360.0;

/// The newest frame. The renderer may run on another thread, one frame behind; neither waits for the other longer than a
/// frame is handed over.
#[derive(Resource, Clone)]
pub(super) struct Screen(Arc<Mutex<Board>>);

#[derive(Default)]
struct Board {
    frame: Option<Frame>,
    stage: Option<Stage>,
    /// Dials of the scenes that may come.
    scenes: Vec<Vec<f32>>,
}

impl Screen {
    /// A screen for scenes with such dials: what they need is made before the first frame, and no frame waits for it later.
    pub fn new(scenes: Vec<Vec<f32>>) -> Self {
        Self(Arc::new(Mutex::new(Board { scenes, ..Board::default() })))
    }

    /// Hands a frame over. Pictures and texts of one that was not drawn are not lost.
    pub fn show(&self, mut frame: Frame) {
        let Ok(mut board) = self.0.lock() else { return };
        if let Some(missed) = board.frame.take() {
            let fresh = std::mem::take(&mut frame.pictures);
            frame.pictures = missed.pictures;
            frame.pictures.extend(fresh);
            frame.text = frame.text.or(missed.text);
            frame.step += missed.step;
        }
        board.frame = Some(frame);
    }
}

pub(super) struct ScreenPlugin(pub Screen);

impl Plugin for ScreenPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(RenderErrorHandler(give_up));
    }

    fn finish(&self, app: &mut App) {
        if let Some(renderer) = app.get_sub_app_mut(RenderApp) {
            renderer.insert_resource(self.0.clone());
            renderer.add_systems(Core3d, draw.after(upscaling));
        }
    }
}

/// What to do where the renderer has failed: end, and say why. Nothing is drawn any more, so nothing flashes.
fn give_up(error: &RenderError, world: &mut World, _: &mut World) -> RenderErrorPolicy {
    if let Ok(mut lost) = LOST.lock() {
        let why = match error.ty {
            ErrorType::DeviceLost => lost_device(&error.description),
            ErrorType::OutOfMemory => "the graphics card has no memory left; a smaller --size needs less".to_owned(),
            _ => format!("nothing can be drawn any more: {}", error.description),
        };
        lost.get_or_insert(why);
    }
    world.write_message(AppExit::error());
    RenderErrorPolicy::StopRendering
}

/// Draws the newest frame; where there is none that is new, the one before again.
fn draw(
    view: ViewQuery<'_, '_, &ViewTarget>,
    mut context: RenderContext<'_, '_>,
    screen: Option<Res<'_, Screen>>,
    device: Res<'_, RenderDevice>,
    queue: Res<'_, RenderQueue>,
    windows: Res<'_, ExtractedWindows>,
) {
    let target = view.into_inner();
    let Some(mut board) = screen.as_ref().and_then(|screen| screen.0.lock().ok()) else { return };
    let (Some(surface), Some(format)) = (target.out_texture(), target.out_texture_view_format()) else { return };
    let Some(window) = windows.windows.values().next() else { return };
    let board = &mut *board;
    let frame = board.frame.take();
    let pixels = (window.physical_width, window.physical_height);
    let stage = board.stage.get_or_insert_with(|| {
        let size = Size { width: pixels.0.max(1), height: pixels.1.max(1), glow: true };
        let mut stage = Stage::new(device.wgpu_device(), &queue, size, Performance::sources());
        board.scenes.drain(..).for_each(|dials| stage.prepare(&dials));
        stage
    });
    let encoder = context.command_encoder();
    if let Some(frame) = frame {
        let least = if frame.plan.text > 0.0 { LEAST_WITH_TEXT } else { Size::LEAST };
        stage.perform(encoder, &frame, Size::scaled(pixels, frame.scale, least, frame.glow));
    }
    stage.present(encoder, Target { view: surface, format });
}
