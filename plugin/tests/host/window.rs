//! An X11 window with the plugin's editor inside, on a screen that exists or on one of Xvfb's.
#![allow(unsafe_code)]

use super::Daw;
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiError, GuiSize, PluginGui, Window};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{ConfigureWindowAux, ConnectionExt, CreateWindowAux, ImageFormat, WindowClass};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// A server without a screen; it ends with the value.
pub struct Xvfb {
    child: Child,
    /// What programs find it by.
    pub display: String,
}

impl Xvfb {
    /// Starts one at a free number; `None` where there is no Xvfb.
    pub fn start(width: u32, height: u32) -> Option<Self> {
        let mut command = Command::new("Xvfb");
        command.args([
            "-displayfd",
            "1",
            "-nolisten",
            "tcp",
            "-noreset",
            "-screen",
            "0",
            &format!("{width}x{height}x24"),
        ]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut number = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut number).ok()?;
        Some(Self { child, display: format!(":{}", number.trim()) })
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// The extension.
pub fn gui(daw: &mut Daw) -> PluginGui {
    daw.instance.plugin_handle().get_extension().expect("the plugin has no editor")
}

/// An open editor.
pub struct Opened {
    connection: RustConnection,
    window: u32,
    /// Tells when something is drawn.
    damage: u32,
    pub size: GuiSize,
}

impl Opened {
    /// Opens the editor, at its own size or as near another as it can be, on the screen that `DISPLAY` names.
    pub fn new(daw: &mut Daw, wanted: Option<GuiSize>, scale: f64) -> Result<Self, Box<dyn std::error::Error>> {
        let gui = gui(daw);
        let plugin = daw.instance.plugin_handle();
        gui.create(&plugin, GuiConfiguration { api_type: GuiApiType::X11, is_floating: false })?;
        gui.set_scale(&plugin, scale)?;
        let size = match wanted {
            Some(size) => gui.adjust_size(&plugin, size),
            None => gui.get_size(&plugin),
        };
        let size = size.ok_or("the editor has no size")?;
        let (connection, screen) = x11rb::connect(None)?;
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id()?;
        let (width, height) = (size.width as u16, size.height as u16);
        let (depth, class) = (COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT);
        connection.create_window(depth, window, root, 0, 0, width, height, 0, class, 0, &CreateWindowAux::new())?;
        connection.map_window(window)?;
        connection.sync()?;
        // SAFETY: `close`, or the end of the program, takes the editor out of the window before the window goes.
        unsafe { gui.set_parent(&plugin, Window::from_x11_handle(window.into()))? };
        gui.set_size(&plugin, size)?;
        gui.show(&plugin)?;
        let damage = connection.generate_id()?;
        connection.damage_query_version(1, 1)?.reply()?;
        connection.damage_create(damage, window, ReportLevel::NON_EMPTY)?;
        connection.flush()?;
        Ok(Self { connection, window, damage, size })
    }

    /// Makes it another size.
    pub fn resize(&mut self, daw: &mut Daw, size: GuiSize) -> Result<(), GuiError> {
        let gui = gui(daw);
        let plugin = daw.instance.plugin_handle();
        self.size = gui.adjust_size(&plugin, size).unwrap_or(size);
        let size = ConfigureWindowAux::new().width(self.size.width).height(self.size.height);
        let _told = self.connection.configure_window(self.window, &size).map(|_| self.connection.flush());
        gui.set_size(&plugin, self.size)
    }

    /// What is seen: the colour of each point, red, green and blue, row by row.
    pub fn picture(&self) -> Result<Vec<[u8; 3]>, Box<dyn std::error::Error>> {
        let (width, height) = (self.size.width as u16, self.size.height as u16);
        let root = self.connection.setup().roots[0].root;
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, root, 0, 0, width, height, u32::MAX)?.reply()?;
        Ok(image.data.chunks_exact(4).map(|point| [point[2], point[1], point[0]]).collect())
    }

    /// How many pictures were drawn since this was last asked.
    pub fn pictures(&self) -> usize {
        let mut count = 0;
        while let Ok(Some(event)) = self.connection.poll_for_event() {
            if let Event::DamageNotify(_) = event {
                count += 1;
                let _told = self.connection.damage_subtract(self.damage, x11rb::NONE, x11rb::NONE);
            }
        }
        let _told = self.connection.flush();
        count
    }

    pub fn close(self, daw: &mut Daw) {
        let gui = gui(daw);
        gui.destroy(&daw.instance.plugin_handle());
        let _gone = self.connection.destroy_window(self.window).map(|_| self.connection.sync());
    }
}
