//! What tests of the visualizer share.
#![allow(dead_code)] // not every test uses all of it

use oneiro::model::library::{self, Folder};
use oneiro_visuals::stage::Gpu;
use std::path::Path;
use std::process::Child;

/// A device to draw with; `None` where there is none and tests that need it are left out.
pub fn gpu() -> Option<Gpu> {
    match Gpu::open() {
        Ok(gpu) => Some(gpu),
        Err(e) => {
            assert!(std::env::var_os("CI").is_none(), "{e}");
            eprintln!("left out: {e}");
            None
        }
    }
}

/// The folder of the models that ship.
pub fn models() -> Vec<Folder> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    library::folders(Some(&path)).into_iter().take(1).collect()
}

/// A program that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
