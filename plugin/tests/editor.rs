//! The editor in a real window: it opens, shows what it should, changes its size, keeps it, and closes again. Left out
//! where there is no Xvfb, but not in CI.

mod host;

use clack_extensions::gui::GuiSize;
use host::window::{Opened, Xvfb, gui};
use host::{Daw, INSTRUMENT, left_out, load};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Lets time pass in the host, until something is so.
fn until(daw: &mut Daw, so: impl Fn(&mut Daw) -> bool) -> bool {
    // The first picture of a machine is late: its shaders are compiled.
    let end = Instant::now() + Duration::from_secs(90);
    while Instant::now() < end {
        daw.block(480, &[]);
        daw.instance.call_on_main_thread_callback();
        if so(daw) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// Whether there is something to be seen: many colours, and both hues of the name's sign.
fn is_drawn(window: &Opened) -> bool {
    let Ok(points) = window.picture() else { return false };
    let colours: HashSet<[u8; 3]> = points.iter().copied().collect();
    let hue = |r: u8, g: u8, b: u8| colours.contains(&[r, g, b]);
    colours.len() > 100 && hue(0x5c, 0xb8, 0xec) && hue(0xf0, 0xae, 0x3c)
}

#[test]
fn a_window_opens_is_drawn_keeps_its_size_and_closes_again_and_again() {
    let Some(screen) = Xvfb::start(1280, 800) else { return left_out("Xvfb is missing (on Debian: apt install xvfb)") };
    // SAFETY: no other thread of this test reads the environment yet.
    #[allow(unsafe_code)]
    unsafe {
        std::env::set_var("DISPLAY", &screen.display);
    }
    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    daw.activate(48_000.0, 4096);
    let extension = gui(&mut daw);
    let hints = extension.get_resize_hints(&daw.instance.plugin_handle()).unwrap();
    assert!(hints.can_resize_horizontally && hints.can_resize_vertically);

    for round in 0..4 {
        let mut window = Opened::new(&mut daw, None, 1.0).unwrap();
        let usual = if round == 0 { (980, 620) } else { (900, 560) };
        assert_eq!((window.size.width, window.size.height), usual, "round {round}");
        assert!(until(&mut daw, |_| is_drawn(&window)), "round {round}: nothing is drawn");
        // What is too small is made as small as may be.
        window.resize(&mut daw, GuiSize { width: 100, height: 100 }).unwrap();
        assert_eq!((window.size.width, window.size.height), (640, 420));
        window.resize(&mut daw, GuiSize { width: 900, height: 560 }).unwrap();
        let seen = |daw: &mut Daw| extension.get_size(&daw.instance.plugin_handle()).map(|size| size.width);
        assert!(until(&mut daw, |daw| seen(daw) == Some(900) && is_drawn(&window)), "round {round}");
        window.close(&mut daw);
    }

    // The project keeps it.
    let project = daw.save();
    let mut other = Daw::open(&entry, INSTRUMENT);
    assert!(other.restore(&project));
    let size = gui(&mut other).get_size(&other.instance.plugin_handle()).unwrap();
    assert_eq!((size.width, size.height), (900, 560));
    daw.deactivate();
}
