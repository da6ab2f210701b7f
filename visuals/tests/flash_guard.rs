//! The flash guard against sequences that break the rule, judged by a counter of its own.

mod support;

use oneiro_visuals::show::flashes::{Flashes, Worst};
use oneiro_visuals::show::plan::Plan;
use oneiro_visuals::stage::{Offscreen, Size};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SIZE: Size = Size { width: 96, height: 54, glow: false };
const FPS: usize = 60;

/// The worst second of a sequence of pictures of 8 × 8 fields, and the frames.
fn shown(
    screen: &mut Offscreen,
    guard: bool,
    frames: usize,
    picture: &mut dyn FnMut(usize) -> Vec<[u8; 3]>,
) -> (Worst, Vec<Vec<u8>>) {
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let (mut flashes, mut all) = (Flashes::default(), Vec::new());
    // What was shown before is long ago.
    screen.slide(&vec![0; 4 * width * height], 9.0, guard);
    for frame in 0..frames {
        let fields = picture(frame);
        let pixels = (0..width * height).map(|i| fields[i / width * 8 / height * 8 + i % width * 8 / width]);
        let bytes: Vec<u8> = pixels.flat_map(|p| [p[0], p[1], p[2], 255]).collect();
        screen.slide(&bytes, 1.0 / FPS as f32, guard);
        let rgb = screen.read().unwrap();
        assert!(flashes.see(&rgb, SIZE.width as usize, SIZE.height as usize, frame as f64 / FPS as f64));
        all.push(rgb);
    }
    (flashes.worst(), all)
}

/// The picture of a frame, by its number.
type Sequence = Box<dyn FnMut(usize) -> Vec<[u8; 3]>>;

fn flat(colour: [u8; 3]) -> Vec<[u8; 3]> {
    vec![colour; 64]
}

#[test]
fn sequences_that_break_the_rule_are_held_back() {
    let Some(gpu) = support::gpu() else { return };
    let mut screen = Offscreen::new(&gpu, SIZE, 1);
    let (black, white, red, green) = ([0, 0, 0], [255; 3], [255, 0, 0], [0, 127, 0]);
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut noise = flat(black);
    let mut sequences: Vec<(&str, Sequence)> = vec![
        ("black and white, ten times a second", Box::new(move |i| flat([black, white][i / 3 % 2]))),
        ("black and white, every frame", Box::new(move |i| flat([black, white][i % 2]))),
        ("grey a little lighter, eight times a second", Box::new(move |i| flat([[110; 3], [150; 3]][i / 4 % 2]))),
        ("red and black", Box::new(move |i| flat([red, black][i / 4 % 2]))),
        ("red and green of the same light", Box::new(move |i| flat([red, green][i / 4 % 2]))),
        (
            "bursts of six with pauses",
            Box::new(move |i| flat(if i % 100 < 60 && i / 5 % 2 == 0 { white } else { black })),
        ),
        (
            "a corner",
            Box::new(move |i| {
                (0..64).map(|p| if p % 8 < 3 && p / 8 < 4 && i / 4 % 2 == 0 { white } else { [60; 3] }).collect()
            }),
        ),
        (
            "a board whose fields change places",
            Box::new(move |i| (0..64).map(|p| [black, white][(p / 16 + p % 8 / 4 + i / 4) % 2]).collect()),
        ),
        (
            "blocks of noise, seed 7",
            Box::new(move |i| {
                if i % 5 == 0 {
                    noise = (0..64).map(|_| [rng.random(), rng.random(), rng.random()]).collect();
                }
                noise.clone()
            }),
        ),
    ];
    for (name, sequence) in &mut sequences {
        let (free, _) = shown(&mut screen, false, 66, sequence);
        assert!(!free.is_safe(), "{name} breaks no rule without the guard: {free:?}");
        let (held, frames) = shown(&mut screen, true, 130, sequence);
        assert!(held.is_safe(), "{name}: {held:?}");
        assert!(frames.windows(2).any(|w| w[0] != w[1]), "{name}: the picture stands still for ever");
    }
}

#[test]
fn what_breaks_no_rule_is_shown_as_it_is() {
    let Some(gpu) = support::gpu() else { return };
    let mut screen = Offscreen::new(&gpu, SIZE, 1);
    // Two flashes a second, and a slow rise.
    let mut calm = |i: usize| flat(if i < 90 { [[20; 3], [235; 3]][i / 15 % 2] } else { [(i - 90) as u8 * 4; 3] });
    let (worst, free) = shown(&mut screen, false, 150, &mut calm);
    assert!(worst.is_safe() && worst.general >= 1, "{worst:?}");
    let (_, held) = shown(&mut screen, true, 150, &mut calm);
    for (number, (a, b)) in free.iter().zip(&held).enumerate() {
        // The noise below the last bit is another one in each frame.
        let apart = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
        assert!(apart <= 2, "frame {number} is held back by {apart}");
    }
}

#[test]
fn strobe_and_light_are_guarded_too() {
    let Some(gpu) = support::gpu() else { return };
    let mut screen = Offscreen::new(&gpu, SIZE, 1);
    for guard in [false, true] {
        let mut flashes = Flashes::default();
        let plan = |strobe: bool, light: bool| Plan {
            layers: Vec::new(),
            share: 0.0,
            light: f32::from(u8::from(light)),
            strobe: f32::from(u8::from(strobe)),
            text: 0.0,
            frozen: false,
            guard,
        };
        screen.draw(&plan(false, true), &[1.0], 9.0);
        for frame in 0..120 {
            let on = frame / 4 % 2 == 0;
            // First the strobe over a dark scene, then the light of a bright one.
            let plan = if frame < 60 { plan(on, true) } else { plan(true, on) };
            screen.draw(&plan, &[1.0], 1.0 / FPS as f32);
            flashes.see(&screen.read().unwrap(), SIZE.width as usize, SIZE.height as usize, frame as f64 / FPS as f64);
        }
        assert_eq!(flashes.worst().is_safe(), guard, "{:?}", flashes.worst());
    }
}
