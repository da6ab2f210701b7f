//! The window: nannou's application around a [`Performance`]. Draws nothing itself; [`screen`] lets a [`crate::stage::Stage`] draw
//! into the window's surface.

mod awake;
mod screen;

use crate::control::Desk;
use crate::control::cues::CueList;
use crate::performance::{Order, Performance};
use crate::show::Show;
use crate::show::music::Signals;
use crate::sources::Feed;
use crate::stage::{Gpu, GpuError, Lookout};
use crate::worker::Studio;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::log::tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};
use bevy::prelude::{Camera3d, Msaa};
use bevy::window::{CursorOptions, MonitorSelection, PresentMode, Window, WindowMode};
use nannou::prelude::{App, KeyCode};
use screen::{Screen, ScreenPlugin};
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// How the window is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Pixels.
    pub size: (u32, u32),
    /// Whether it fills a monitor.
    pub full_screen: bool,
    /// Which monitor, from 0; the one that it is on without.
    pub monitor: Option<usize>,
    /// Whether it has no frame.
    pub frameless: bool,
    /// Whether the pointer is seen.
    pub pointer: bool,
    /// Seconds after which it ends by itself.
    pub seconds: Option<f64>,
}

/// What is shown in it.
pub struct Programme {
    /// The show.
    pub show: Show,
    /// Its music.
    pub feed: Box<dyn Feed>,
    /// Its models.
    pub studio: Studio,
    /// Its title.
    pub title: Option<String>,
    /// What orders from outside, and the cues.
    pub desk: Option<(Desk, CueList)>,
    /// Who else watches, such as a recorder.
    pub lookouts: Vec<Lookout>,
}

impl std::fmt::Debug for Programme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Programme").field("show", &self.show).finish_non_exhaustive()
    }
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// Nothing to open one on.
    #[error(
        "there is no display here ({0}); `--frames FOLDER` writes pictures without one, and so does `oneiro render`"
    )]
    NoDisplay(String),
    /// Nothing to draw with.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// It broke while it ran.
    #[error("the window broke: {0}")]
    Broken(String),
    /// The graphics card is gone, or its driver gave up.
    #[error("{0}")]
    Lost(String),
    /// There are no pictures.
    #[error("there was nothing to paint with: {0}")]
    Pictures(String),
}

/// What is not said: that which a show goes on without, and what is told in other words.
const QUIET: &str = "warn,bevy_log=off,bevy_render=error,bevy_winit=error,wgpu=error,wgpu_core=error,wgpu_hal=off,naga=error,winit=error";

/// nannou's model function takes no arguments: they wait here.
static START: Mutex<Option<(Programme, Look, String)>> = Mutex::new(None);
static SCREEN: Mutex<Option<Screen>> = Mutex::new(None);
/// Why there were no pictures, for when the window is closed.
static FAILURE: Mutex<Option<String>> = Mutex::new(None);
/// Why nothing can be drawn any more.
static LOST: Mutex<Option<String>> = Mutex::new(None);
/// A panic on a thread of the renderer ends the program with status 0 if nobody looks.
static BROKEN: AtomicBool = AtomicBool::new(false);

struct Model {
    /// Only ever reached through `&mut`, which locks nothing; the lock is what makes it fit for a resource.
    performance: Mutex<Performance>,
    screen: Screen,
    look: Look,
    window: bevy::prelude::Entity,
    started: Instant,
    order: Option<Order>,
}

/// Opens the window and runs the show until it is closed.
///
/// # Errors
/// [`WindowError`].
pub fn run(programme: Programme, look: Look) -> Result<(), WindowError> {
    find_display()?;
    // Where nothing can draw, this says so, and the window would only panic.
    let gpu = Gpu::open()?;
    let about = if gpu.software { format!("{}: software", gpu.about) } else { gpu.about.clone() };
    drop(gpu);
    let still = Signals::default();
    let screen = Screen::new(programme.show.scenes().iter().map(|scene| scene.dials(&still)).collect());
    if let (Ok(mut start), Ok(mut shared)) = (START.lock(), SCREEN.lock()) {
        *start = Some((programme, look, about));
        *shared = Some(screen.clone());
    }
    let _awake = awake::Awake::hold();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // The painter and its like are begun anew.
        if !oneiro::caught::catches() {
            BROKEN.store(true, Ordering::SeqCst);
        }
        before(info);
    }));
    log();
    nannou::app(model).update(update).add_plugin(ScreenPlugin(screen)).run();
    if let Some(why) = LOST.lock().ok().and_then(|mut lost| lost.take()) {
        return Err(WindowError::Lost(why));
    }
    if BROKEN.load(Ordering::SeqCst) {
        return Err(WindowError::Broken("see above".into()));
    }
    match FAILURE.lock().ok().and_then(|mut failure| failure.take()) {
        Some(why) => Err(WindowError::Pictures(why)),
        None => Ok(()),
    }
}

/// Sends to standard error what a user should read of what libraries say; `RUST_LOG` adds to that, or takes from it. Bevy would set up
/// its own, and complains of this one where nobody hears it.
fn log() {
    let said = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let filter = EnvFilter::builder().parse_lossy(format!("{QUIET},{said}"));
    let layer = bevy::log::tracing_subscriber::fmt::layer().with_writer(std::io::stderr).without_time();
    let layer = layer.with_ansi(std::io::stderr().is_terminal());
    // Where somebody has set one up, that one stays.
    let _there = bevy::log::tracing_subscriber::registry().with(filter).with(layer).try_init();
}

/// On systems with X11 or Wayland: whether a display answers, since the window's library panics where none does.
fn find_display() -> Result<(), WindowError> {
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return Ok(());
    }
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if set("WAYLAND_DISPLAY").is_some() && cfg!(feature = "wayland") {
        return Ok(());
    }
    let Some(display) = set("DISPLAY") else { return Err(WindowError::NoDisplay("DISPLAY is not set".into())) };
    #[cfg(all(unix, not(target_os = "macos")))]
    if let Some(number) = display.strip_prefix(':').and_then(|d| d.split('.').next()?.parse::<u32>().ok()) {
        let socket = format!("/tmp/.X11-unix/X{number}");
        if let Err(e) = std::os::unix::net::UnixStream::connect(&socket) {
            return Err(WindowError::NoDisplay(format!("DISPLAY is {display}: {e}")));
        }
    }
    Ok(())
}

fn mode(look: &Look) -> WindowMode {
    let monitor = look.monitor.map_or(MonitorSelection::Current, MonitorSelection::Index);
    if look.full_screen { WindowMode::BorderlessFullscreen(monitor) } else { WindowMode::Windowed }
}

fn model(app: &App<'_, '_>) -> Model {
    let taken = START.lock().ok().and_then(|mut start| start.take());
    let (programme, look, about) = taken.expect("the show was put there before the window was opened");
    let screen = SCREEN.lock().ok().and_then(|screen| screen.clone()).expect("the screen was put there too");
    // This camera draws nothing: it leads to the window's surface, which Bevy only gives to one that writes to it.
    let camera =
        app.command_scope(|mut commands| commands.spawn((Camera3d::default(), Msaa::Off, Tonemapping::None)).id());
    let window = Window {
        title: "Oneiro".into(),
        resolution: look.size.into(),
        mode: mode(&look),
        decorations: !look.frameless,
        present_mode: PresentMode::AutoVsync,
        ..Window::default()
    };
    let window = app.new_window::<Model>().window(window).camera(camera).primary().key_pressed(key).build();
    let pointer = look.pointer && !look.full_screen;
    app.command_scope(|mut commands| {
        commands.entity(window).insert(CursorOptions { visible: pointer, ..CursorOptions::default() });
    });
    let Programme { show, feed, studio, title, desk, lookouts } = programme;
    let mut performance = Performance::new(show, feed, studio, title, about);
    if let Some((desk, cues)) = desk {
        performance.attach(desk, cues);
    }
    performance.watch(lookouts);
    Model { performance: Mutex::new(performance), screen, look, window, started: Instant::now(), order: None }
}

fn key(_: &App<'_, '_>, model: &mut Model, key: KeyCode) {
    let order = model.performance.get_mut().ok().and_then(|performance| performance.key(&format!("{key:?}")));
    model.order = order.or(model.order);
}

fn update(app: &App<'_, '_>, model: &mut Model) {
    // A window that was just closed is no longer there.
    if app.window_count() == 0 {
        return;
    }
    let Ok(performance) = model.performance.get_mut() else { return };
    let seconds = model.started.elapsed().as_secs_f64();
    let pixels = app.main_window().size_pixels();
    let frame = performance.frame(seconds, (pixels.x, pixels.y));
    model.screen.show(frame);
    if let (Some(why), Ok(mut failure)) = (performance.failure(), FAILURE.lock()) {
        failure.get_or_insert_with(|| why.to_owned());
    }
    let over = performance.is_over();
    match model.order.take() {
        Some(Order::Quit) => app.quit(),
        Some(Order::FullScreen) => {
            model.look.full_screen = !model.look.full_screen;
            let (mode, window) = (mode(&model.look), model.window);
            let pointer = model.look.pointer && !model.look.full_screen;
            app.command_scope(move |mut commands| {
                commands.entity(window).queue(move |mut entity: bevy::prelude::EntityWorldMut<'_>| {
                    if let Some(mut window) = entity.get_mut::<Window>() {
                        window.mode = mode;
                    }
                    if let Some(mut cursor) = entity.get_mut::<CursorOptions>() {
                        cursor.visible = pointer;
                    }
                });
            });
        }
        None => {}
    }
    let late = model.look.seconds.is_some_and(|end| seconds >= end);
    if late || over || BROKEN.load(Ordering::SeqCst) {
        app.quit();
    }
}
