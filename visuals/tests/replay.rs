//! A show is a function of (events, orders, seed): the same gives the same frames, and a frame is never empty.

mod support;

use oneiro_visuals::film::Film;
use oneiro_visuals::show::controls::Control;
use oneiro_visuals::show::{Show, scene};
use oneiro_visuals::sources::Dream;
use oneiro_visuals::stage::{Gpu, Size, TextBox};
use oneiro_visuals::worker::{Painter, Studio};

const SIZE: Size = Size { width: 160, height: 90, glow: true };

fn film(gpu: &Gpu) -> Film {
    let painter = Painter::open(&Studio { folders: support::models(), ..Studio::default() }).unwrap();
    Film::new(gpu, SIZE, Show::new(scene::shipped(), 1), Box::new(Dream::new(1, 120.0)), painter)
}

/// Frames of two seconds in which much happens.
fn played(film: &mut Film, seed: u64) -> Vec<Vec<u8>> {
    film.restart(Show::new(scene::shipped(), seed), Box::new(Dream::new(seed, 150.0)));
    let mut frames = Vec::new();
    for frame in 0..30 {
        match frame {
            4 => film.tell(Control::SwitchAt, 1.0),
            5 => film.tell(Control::Scene, 3.0),
            8 => film.text(&[TextBox::Title("Oneiro".into())]),
            16 => film.tell(Control::Strobe, 1.0),
            20 => film.tell(Control::Another, 1.0),
            24 => film.tell(Control::Black, 1.0),
            _ => {}
        }
        film.draw(f64::from(frame) / 15.0).unwrap();
        if frame % 4 == 0 {
            frames.push(film.read().unwrap());
        }
    }
    frames
}

#[test]
fn the_same_show_gives_the_same_frames_and_another_seed_others() {
    let Some(gpu) = support::gpu() else { return };
    let mut film = film(&gpu);
    let first = played(&mut film, 5);
    let again = played(&mut film, 5);
    for (number, (a, b)) in first.iter().zip(&again).enumerate() {
        assert!(a == b, "frame {number} differs");
    }
    let other = played(&mut film, 6);
    assert_ne!(first, other);
    assert!(first.windows(2).all(|w| w[0] != w[1]), "it stands still");
    let light = |frame: &[u8]| frame.iter().map(|b| f64::from(*b)).sum::<f64>() / frame.len() as f64;
    assert!(light(&first[2]) > 8.0, "it is dark: {}", light(&first[2]));
}

#[test]
fn every_scene_shows_something_of_its_own() {
    let Some(gpu) = support::gpu() else { return };
    let mut film = film(&gpu);
    let mut seen: Vec<(String, Vec<u8>)> = Vec::new();
    for place in 0..scene::shipped().len() {
        let mut show = Show::new(scene::shipped(), 3);
        show.begin_with(place);
        let name = show.scenes()[place].name.clone();
        film.restart(show, Box::new(Dream::new(3, 120.0)));
        (0..4).for_each(|frame| film.draw(f64::from(frame) / 8.0).unwrap());
        let frame = film.read().unwrap();
        let mean = frame.iter().map(|b| f64::from(*b)).sum::<f64>() / frame.len() as f64;
        let spread = frame.iter().map(|b| (f64::from(*b) - mean).abs()).sum::<f64>() / frame.len() as f64;
        assert!((8.0..250.0).contains(&mean) && spread > 8.0, "{name}: mean {mean}, spread {spread}");
        for (other, before) in &seen {
            let apart =
                frame.iter().zip(before).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / frame.len() as f64;
            assert!(apart > 6.0, "{name} looks like {other}: {apart}");
        }
        seen.push((name, frame));
    }
}
