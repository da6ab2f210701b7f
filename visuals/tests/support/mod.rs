//! What tests of the stage share.

use oneiro_visuals::stage::Gpu;

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
