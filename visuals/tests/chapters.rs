//! A film's stage begins anew, and nobody sees it; a film that passed over what was before draws the same frames.

mod support;

use oneiro_visuals::film::{Film, FilmError};
use oneiro_visuals::show::controls::Control;
use oneiro_visuals::show::{Show, scene};
use oneiro_visuals::sources::Dream;
use oneiro_visuals::stage::{Gpu, Size, TextBox};
use oneiro_visuals::worker::{Painter, Studio};
use std::path::Path;

const SIZE: Size = Size { width: 96, height: 54, glow: true };
const FPS: f64 = 15.0;
/// Three seconds before the take-over a second stage begins.
const RUN_UP: u64 = 12;
const TAKE_OVER: u64 = RUN_UP + 45;
const END: u64 = TAKE_OVER + 9;

fn film(gpu: &Gpu, scene: &str) -> Film {
    let model = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name).display().to_string();
    let [first, second] = ["image-gan.onnx", "image-gan-luminous.onnx"].map(|name| Some(model(name)));
    let painter = Painter::open(&Studio { first, second, patient: true, ..Studio::default() }).unwrap();
    let mut show = Show::new(scene::shipped(), 3);
    let place = show.scenes().iter().position(|known| known.name == scene).unwrap();
    show.begin_with(place);
    let mut film = Film::new(gpu, SIZE, show, Box::new(Dream::new(3, 132.0)), painter);
    film.text(&[TextBox::Lyric("Oneiro".into())]);
    film
}

/// The frames from one on, and whether a second stage took over.
fn frames(film: &mut Film, begin: u64, anew: bool) -> Result<(Vec<Vec<u8>>, bool), FilmError> {
    let (mut frames, mut taken) = (Vec::new(), false);
    for number in begin..END {
        if anew && number == RUN_UP {
            film.run_up();
        }
        if number == TAKE_OVER {
            taken = film.take_over()?;
        }
        if number == RUN_UP + 20 {
            film.tell(Control::Hue, 0.2);
        }
        film.draw(number as f64 / FPS)?;
        frames.push(film.read()?);
    }
    Ok((frames, taken))
}

#[test]
fn nobody_sees_where_a_stage_begins_anew_and_a_part_is_that_part_of_the_whole() {
    let Some(gpu) = support::gpu() else { return };
    // A trail that moves and one that shines; both leave a 4000th of what was there in three seconds.
    for scene in ["passage", "fireflies"] {
        let (whole, taken) = frames(&mut film(&gpu, scene), 0, true).unwrap();
        let (plain, never) = frames(&mut film(&gpu, scene), 0, false).unwrap();
        assert!(taken && !never, "{scene}");
        let seam = TAKE_OVER as usize;
        assert!(whole[..seam] == plain[..seam], "{scene}: a second stage is seen before its time");
        assert!(whole[seam - 1] != whole[seam], "{scene}: nothing moves");
        let apart = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
        let most = whole[seam..].iter().zip(&plain[seam..]).map(|(a, b)| apart(a, b)).max();
        println!("{scene}: the seam is {most:?} of 255");
        assert!(most <= Some(2), "{scene}: the seam is {most:?} of 255");

        let mut part = film(&gpu, scene);
        for number in 0..RUN_UP {
            part.pass_over(number as f64 / FPS, |_, _| ()).unwrap();
        }
        let (part, _) = frames(&mut part, RUN_UP, false).unwrap();
        assert!(part[(TAKE_OVER - RUN_UP) as usize..] == whole[seam..], "{scene}: a part is other than the whole");
    }
}

#[test]
fn where_the_flash_guard_holds_something_back_the_stage_stays() {
    let Some(gpu) = support::gpu() else { return };
    let mut strobing = film(&gpu, "gallery");
    strobing.tell(Control::Strobe, 1.0);
    strobing.tell(Control::StrobeRate, 3.0);
    let (_, taken) = frames(&mut strobing, 0, true).unwrap();
    assert!(!taken && !strobing.is_calm().unwrap());
    let (_, taken) = frames(&mut film(&gpu, "gallery"), 0, true).unwrap();
    assert!(taken);
}
