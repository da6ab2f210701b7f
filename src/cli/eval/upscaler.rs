//! `oneiro eval` for upscalers: nearness to held-out pictures, ringing, speed.

use super::painted::{painted, to_picture, to_planes};
use super::{Answer, Args, milliseconds, save_jpeg};
use anyhow::{Result, bail};
use oneiro::model::inspect::Inspected;
use oneiro::model::session::{Input, Session, SessionOptions};
use oneiro::picture::Upscaler;
use oneiro::train::nets::upscaler::evaluate::{Ringing, edges, mean_psnr, mean_ssim, reduced, ringing};
use oneiro::train::nets::upscaler::{FACTORS, Filter, resample};
use oneiro::train::pictures::dataset::{Dataset, Options, Split};
use oneiro::train::pictures::sheet::{self, Layout};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What it takes of the options that not every kind takes.
pub const OPTIONS: &[&str] = &["count", "sheet"];

/// Side of the originals, and of what is timed and painted.
const SIDE: usize = 192;
const SMALL: usize = 64;
/// Pictures of a generator that ringing is measured on.
const PAINTED: usize = 48;

#[derive(Serialize)]
struct Report {
    /// Held-out pictures.
    pictures: usize,
    /// By factor, by way of enlarging.
    x2: Ways,
    x4: Ways,
    /// Milliseconds for both enlargements of 64 × 64 pixels, median of 50, on `threads` threads.
    milliseconds: f64,
}

type Ways = BTreeMap<&'static str, Figures>;

#[derive(Serialize)]
struct Figures {
    /// Decibels, over red, green and blue.
    psnr: f64,
    /// Decibels, of luma (Rec. 601).
    psnr_luma: f64,
    /// Structural similarity, over red, green and blue.
    ssim: f64,
    /// Structural similarity of luma.
    ssim_luma: f64,
    ringing_edges: Ringing,
    /// On a generator's pictures, where one was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    ringing_painted: Option<Ringing>,
}

/// The ways of enlarging, the model's last.
const WAYS: [&str; 3] = ["catmull_rom", "lanczos", "network"];

/// Measures an upscaler.
pub fn run(model: Inspected, args: &Args) -> Result<Answer> {
    let options = SessionOptions { intra_threads: args.threads.max(1), ..SessionOptions::default() };
    let mut upscaler = Upscaler::new(Session::from_inspected(model.clone(), &options)?)?;
    let sources = args.folders.sources(&args.data)?;
    let data = Dataset::open(&sources, &Options { size: SIDE, ..Options::default() })?;
    let originals = data.centres(Split::HeldOut, 0, args.count()?)?.data;
    let each = 3 * SIDE * SIDE;
    if originals.is_empty() {
        bail!("no pictures are held out: more pictures are needed");
    }
    let painted = small_painted(args)?;
    let mut figures = Vec::new();
    for factor in FACTORS {
        let small = reduced(&originals, SIDE, SIDE / factor);
        let edges = edges(24);
        let mut ways = Ways::new();
        for way in WAYS {
            let mut enlarge = |planes: &[f32], side: usize| enlarged(way, &mut upscaler, planes, side, factor);
            let found = enlarge(&small, SIDE / factor)?;
            let ring = |large: &[f32], planes: &[f32], side| ringing(planes, side, large, factor);
            let ringing_edges = ring(&enlarge(&edges, 24)?, &edges, 24);
            let ringing_painted = match &painted {
                Some(planes) => Some(ring(&enlarge(planes, SMALL)?, planes, SMALL)),
                None => None,
            };
            let (grey, grey_wanted) = (luma(&found), luma(&originals));
            let figures = Figures {
                psnr: mean_psnr(&found, &originals, each),
                psnr_luma: mean_psnr(&grey, &grey_wanted, SIDE * SIDE),
                ssim: mean_ssim(&found, &originals, 3, SIDE),
                ssim_luma: mean_ssim(&grey, &grey_wanted, 1, SIDE),
                ringing_edges,
                ringing_painted,
            };
            ways.insert(way, figures);
        }
        figures.push(ways);
    }
    if let Some(path) = &args.sheet {
        save_jpeg(&page(&mut upscaler, &originals, painted.as_deref())?, path)?;
    }
    let mut session = Session::from_inspected(model, &options)?;
    let planes = vec![0.1; 3 * SMALL * SMALL];
    let inputs = [("picture", Input::F32(&[1, 3, SMALL, SMALL], &planes))];
    let milliseconds = milliseconds(50, || session.run(&inputs).map(drop))?;
    let [x2, x4] = <[Ways; 2]>::try_from(figures).unwrap_or_default();
    let report = Report { pictures: originals.len() / each, x2, x4, milliseconds };
    Answer::new(&report, describe(&report)?)
}

/// Pictures of a generator, as planes of 64 × 64 in −1 … 1; none where it does not paint squares.
fn small_painted(args: &Args) -> Result<Option<Vec<f32>>> {
    let (mut planes, mut square) = (Vec::new(), true);
    let found = painted(args, PAINTED, |picture| {
        square &= picture.width == picture.height;
        if square {
            planes.extend(resample(&to_planes(&picture), picture.width, SMALL, Filter::CatmullRom));
        }
        Ok(())
    })?;
    Ok(found.filter(|()| square).map(|()| planes))
}

/// Pictures `(N, 3, side, side)` enlarged in one of [`WAYS`].
fn enlarged(way: &str, upscaler: &mut Upscaler, planes: &[f32], side: usize, factor: usize) -> Result<Vec<f32>> {
    let plain = |filter| {
        let mut large = resample(planes, side, side * factor, filter);
        large.iter_mut().for_each(|v| *v = v.clamp(-1.0, 1.0));
        Ok(large)
    };
    match way {
        "catmull_rom" => plain(Filter::CatmullRom),
        "lanczos" => plain(Filter::Lanczos3),
        _ => {
            let mut all = Vec::with_capacity(planes.len() * factor * factor);
            for picture in planes.chunks_exact(3 * side * side) {
                all.extend(to_planes(&upscaler.enlarge(to_picture(picture, side), factor)?));
            }
            Ok(all)
        }
    }
}

/// Luma (Rec. 601) of pictures `(N, 3, S, S)`.
fn luma(planes: &[f32]) -> Vec<f32> {
    let one = SIDE * SIDE;
    let of = |p: &[f32], at: usize| 0.299 * p[at] + 0.587 * p[one + at] + 0.114 * p[2 * one + at];
    planes.chunks_exact(3 * one).flat_map(|p| (0..one).map(move |at| of(p, at))).collect()
}

/// Rows of: small, Catmull–Rom, network, original; then a generator's pictures: as painted, Catmull–Rom, Lanczos, network.
fn page(upscaler: &mut Upscaler, originals: &[f32], painted: Option<&[f32]>) -> Result<image::RgbImage> {
    let each = 3 * SIDE * SIDE;
    let small = SIDE / 4;
    let mut cells = Vec::new();
    for original in originals.chunks_exact(each).step_by((originals.len() / each / 8).max(1)).take(8) {
        let low = reduced(original, SIDE, small);
        cells.push(sheet::from_planes(&low, small));
        for way in ["catmull_rom", "network"] {
            cells.push(sheet::from_planes(&enlarged(way, upscaler, &low, small, 4)?, SIDE));
        }
        cells.push(sheet::from_planes(original, SIDE));
    }
    for picture in painted.unwrap_or_default().chunks_exact(3 * SMALL * SMALL).take(8) {
        cells.push(sheet::from_planes(picture, SMALL));
        for way in WAYS {
            cells.push(sheet::from_planes(&enlarged(way, upscaler, picture, SMALL, 4)?, 4 * SMALL));
        }
    }
    Ok(sheet::sheet(&cells, Layout { columns: 8, ..Layout::for_count(cells.len(), SIDE as u32) }))
}

fn describe(report: &Report) -> Result<String> {
    let mut text = format!("{} held-out pictures", report.pictures);
    for (factor, ways) in FACTORS.into_iter().zip([&report.x2, &report.x4]) {
        write!(text, "\n{factor} times as large:")?;
        for way in WAYS {
            let Some(f) = ways.get(way) else { continue };
            write!(
                text,
                "\n  {way:12} {:6.2} dB, luma {:6.2} dB; SSIM {:.3}, luma {:.3}; ringing on edges {:.3}, at most {:.1}",
                f.psnr, f.psnr_luma, f.ssim, f.ssim_luma, f.ringing_edges.mean, f.ringing_edges.most
            )?;
            if let Some(r) = f.ringing_painted {
                write!(text, "; on painted pictures {:.3}, at most {:.1}", r.mean, r.most)?;
            }
        }
    }
    write!(text, "\nringing is in steps of 256; {:.1} ms for both of a picture of 64 × 64", report.milliseconds)?;
    Ok(text)
}
