//! A graphics card that goes away while a film is drawn: an error in words, and no panic.

mod support;

use oneiro_visuals::show::{Show, scene};
use oneiro_visuals::stage::{GpuError, Offscreen, Size};

#[test]
fn a_lost_device_is_an_error_that_says_what_to_do() {
    let Some(gpu) = support::gpu() else { return };
    let mut screen = Offscreen::new(&gpu, Size { width: 64, height: 36, glow: true }, 1);
    let mut show = Show::new(scene::shipped(), 1);
    let mut frame = |number: f64| show.frame(oneiro::time::Beats(number), number);
    screen.draw(&frame(0.0), &[1.0], 9.0);
    assert_eq!(screen.read().unwrap().len(), 64 * 36 * 3);
    gpu.device.destroy();
    for number in 1..4 {
        screen.draw(&frame(f64::from(number)), &[1.0], 0.1);
        let error = screen.read().unwrap_err();
        assert!(matches!(&error, GpuError::Lost(why) if why.contains("start the show again")), "{error}");
        assert!(matches!(screen.light(), Err(GpuError::Lost(_))) && matches!(screen.finish(), Err(GpuError::Lost(_))));
    }
}
