//! Models that follow one another and pictures of the user's, with the models that ship.

mod support;

use image::RgbImage;
use oneiro_visuals::show::plan::Wish;
use oneiro_visuals::show::{Show, scene};
use oneiro_visuals::worker::{Painter, PainterError, Picture8, Studio};

fn studio() -> Studio {
    Studio { folders: support::models(), patient: true, ..Studio::default() }
}

fn wish(models: [usize; 2]) -> Wish {
    let mut wish = Show::new(scene::shipped(), 1).wish(oneiro::time::Beats(2.0));
    (wish.sources, wish.models, wish.model_fade) = ([true, false, false], models, 1.0);
    wish
}

fn only(painted: Vec<(usize, Picture8)>) -> Picture8 {
    assert_eq!(painted.len(), 1);
    painted.into_iter().next().unwrap().1
}

/// Mean difference of two pictures, 0 to 255.
fn apart(a: &Picture8, b: &Picture8) -> f64 {
    assert_eq!(a.size, b.size);
    a.bytes.iter().zip(&b.bytes).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.bytes.len() as f64
}

#[test]
fn one_model_follows_another_step_by_step_and_a_missing_one_changes_nothing() {
    let mut painter = Painter::open(&studio()).unwrap();
    let models = painter.offer().models;
    assert!(models.len() >= 2, "{models:?}");
    let first = models.iter().position(|name| *name == painter.about()[0]).unwrap() + 1;
    let other = 3 - first;
    let before = only(painter.paint(&wish([first, 0]), 1.0).unwrap());
    let mut shown = vec![before.clone()];
    for i in 0..=30 {
        shown.push(only(painter.paint(&wish([other, 0]), 1.0 + f64::from(i) * 0.04).unwrap()));
    }
    let last = shown.last().unwrap();
    let named = Studio { first: Some(models[other - 1].clone()), second: Some(models[first - 1].clone()), ..studio() };
    let alone = only(Painter::open(&named).unwrap().paint(&wish([0, 0]), 0.0).unwrap());
    assert_eq!(*last, alone, "the new model alone");
    let way = apart(&before, last);
    for (number, pair) in shown.windows(2).enumerate() {
        let step = apart(&pair[0], &pair[1]);
        assert!(step < 0.25 * way, "picture {number} jumps by {step} of {way}");
    }
    assert!(painter.complaint().is_none());
    let stays = only(painter.paint(&wish([60, 0]), 9.0).unwrap());
    assert_eq!(stays, *last, "a number without a model");
}

#[test]
fn the_walk_comes_to_a_picture_of_the_users() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dusk.png");
    // A bright sky over dark land.
    let picture = RgbImage::from_fn(300, 200, |_, y| image::Rgb(if y < 110 { [230, 200, 140] } else { [40, 30, 25] }));
    picture.save(&file).unwrap();
    let mut painter = Painter::open(&Studio { pictures: vec![file.clone()], ..studio() }).unwrap();
    assert_eq!(painter.offer().places, ["dusk"]);
    let free = only(painter.paint(&wish([0, 0]), 0.0).unwrap());
    let there = only(painter.paint(&Wish { place: (1, 1.0), ..wish([0, 0]) }, 0.1).unwrap());
    let light = |picture: &Picture8, rows: std::ops::Range<usize>| {
        let row = 4 * picture.size.0 as usize;
        let bytes = &picture.bytes[rows.start * row..rows.end * row];
        bytes.chunks_exact(4).map(|p| f64::from(p[0]) + f64::from(p[1])).sum::<f64>() / (rows.len() * row / 4) as f64
    };
    let half = there.size.1 as usize / 2;
    let (sky, land) = (light(&there, 0..half), light(&there, half..2 * half));
    assert!(sky > 1.6 * land, "sky {sky}, land {land}; without it {}", light(&free, 0..half));

    std::fs::write(&file, b"no picture").unwrap();
    let refused = Painter::open(&Studio { pictures: vec![file], ..studio() });
    assert!(matches!(refused, Err(PainterError::File { .. })), "{refused:?}");
}
