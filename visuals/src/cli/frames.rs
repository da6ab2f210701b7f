//! `--frames` and `--sheet`: pictures without a window.

use super::Args;
use anyhow::{Context, Result, ensure};
use image::{RgbImage, imageops};
use oneiro_visuals::film::Film;
use oneiro_visuals::stage::{Gpu, Letters, Size, TextBox};
use oneiro_visuals::worker::Painter;
use std::path::Path;

/// Longest show that is written, in seconds.
const LONGEST: f64 = 36_000.0;
/// Pixels between the pictures of a sheet.
const GAP: u32 = 6;
/// Width of a picture on a sheet.
const THUMB: u32 = 480;

pub fn write(args: &Args) -> Result<()> {
    ensure!((1.0..=240.0).contains(&args.fps), "--fps {}: 1 to 240", args.fps);
    ensure!((0.0..=LONGEST).contains(&args.seconds), "--seconds {}: up to ten hours", args.seconds);
    let late = args.at.iter().find(|at| !(0.0..=LONGEST).contains(*at));
    ensure!(late.is_none(), "--at {}: seconds from the beginning, up to ten hours", late.unwrap_or(&0.0));
    let gpu = Gpu::open()?;
    if gpu.software {
        eprintln!("drawing in software: {}", gpu.about);
    }
    let painter = Painter::open(&args.studio())?;
    match (&args.sheet, &args.frames) {
        (Some(file), _) => sheet(args, &gpu, painter, file),
        (None, Some(folder)) => frames(args, &gpu, painter, folder),
        (None, None) => Ok(()),
    }
}

fn frames(args: &Args, gpu: &Gpu, painter: Painter, folder: &Path) -> Result<()> {
    let (width, height) = args.size()?;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut film = Film::new(gpu, Size { width, height, glow: true }, args.show()?, args.feed(None)?, painter);
    if let Some(title) = &args.title {
        film.text(&[TextBox::Title(title.clone())]);
    }
    for (number, kept) in moments(args) {
        film.draw(number as f64 / args.fps)?;
        if kept {
            let pixels = film.read()?;
            let image = RgbImage::from_raw(width, height, pixels).context("a frame has another size")?;
            let file = folder.join(format!("{number:06}.png"));
            image.save(&file).with_context(|| file.display().to_string())?;
        }
    }
    Ok(())
}

/// Numbers of the frames to draw, and which to keep.
fn moments(args: &Args) -> Vec<(u64, bool)> {
    let number = |seconds: f64| (seconds * args.fps).round().max(0.0) as u64;
    let kept: Vec<u64> = args.at.iter().map(|at| number(*at)).collect();
    let end = kept.iter().max().map_or(number(args.seconds), |last| last + 1);
    (0..end).map(|n| (n, kept.is_empty() || kept.contains(&n))).collect()
}

/// All scenes, one below the other, each at several moments.
fn sheet(args: &Args, gpu: &Gpu, painter: Painter, file: &Path) -> Result<()> {
    let (width, height) = args.size()?;
    let scenes = args.show()?.scenes().len();
    let chosen: Vec<usize> = match &args.scene {
        Some(_) => vec![args.show()?.scene().0],
        None => (0..scenes).collect(),
    };
    let columns = if args.at.is_empty() { 1 } else { args.at.len() as u32 };
    let thumb = (THUMB, THUMB * height / width);
    let rows = chosen.len() as u32;
    let size = (columns * (thumb.0 + GAP) + GAP, rows * (thumb.1 + GAP) + GAP);
    let mut page = RgbImage::new(size.0, size.1);
    let letters = Letters::default();
    let mut film = Film::new(gpu, Size { width, height, glow: true }, args.show()?, args.feed(None)?, painter);
    for (row, place) in (0..).zip(chosen) {
        let mut show = args.show()?;
        show.begin_with(place);
        let name = show.scenes()[place].name.clone();
        eprintln!("{name}");
        film.restart(show, args.feed(None)?);
        let mut column = 0;
        for (number, kept) in moments(args) {
            film.draw(number as f64 / args.fps)?;
            if kept && column < columns && (!args.at.is_empty() || number == 0) {
                let image = RgbImage::from_raw(width, height, film.read()?).context("a frame has another size")?;
                let mut small = imageops::resize(&image, thumb.0, thumb.1, imageops::FilterType::Lanczos3);
                if column == 0 {
                    label(&mut small, &letters, &name);
                }
                let (x, y) = (GAP + column * (thumb.0 + GAP), GAP + row * (thumb.1 + GAP));
                imageops::replace(&mut page, &small, i64::from(x), i64::from(y));
                column += 1;
            }
        }
    }
    page.save(file).with_context(|| file.display().to_string())
}

fn label(image: &mut RgbImage, letters: &Letters, name: &str) {
    let (width, height) = image.dimensions();
    let text = letters.set(&[TextBox::Lyric(name.to_owned())], (width, height));
    for (pixel, letter) in image.pixels_mut().zip(text.chunks_exact(4)) {
        for value in &mut pixel.0 {
            let (old, light, alpha) = (u32::from(*value), u32::from(letter[0]), u32::from(letter[3]));
            *value = ((old * (255 - alpha) + light * alpha) / 255) as u8;
        }
    }
}
