//! `oneiro data`: material to train on, made and looked at.

mod classes;
mod procedural;
mod scan;

use super::{answer, progress};
use anyhow::{Context, Result};
use clap::{Subcommand, value_parser};
use oneiro::train::pictures::procedural::Family;
use oneiro::train::pictures::procedural::gallery::Plan;
use oneiro::train::pictures::sheet::save_png;
use oneiro::train::tunes::Track;
use std::path::{Path, PathBuf};

/// Arguments of `oneiro data`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  oneiro data procedural --out paintings --count 1000 --size 256 --seed 1
  oneiro data procedural --out discs --count 20 --families discs,marbling --sheet discs.png
  oneiro data classes --paintings paintings --abstract abstract --out classes
  oneiro data scan my-pictures --sheet overview.png
  oneiro data scan my-songs --track all --sheet rolls.png")]
pub struct Args {
    #[command(subcommand)]
    task: Task,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Paint abstract pictures: the same seed gives the same pictures
    Procedural {
        /// Folder for the pictures and their list, manifest.json
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// How many
        #[arg(long, default_value_t = 64, value_parser = value_parser!(u32).range(1..=1_000_000))]
        count: u32,
        /// Side in pixels
        #[arg(long, default_value_t = 256, value_parser = value_parser!(u32).range(32..=2048))]
        size: u32,
        /// What all of them follow from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Ways of painting, taken in turn; all without this
        #[arg(long, value_delimiter = ',', value_enum)]
        families: Vec<Family>,
        /// Write a contact sheet of the first 256 there
        #[arg(long, value_name = "FILE.png")]
        sheet: Option<PathBuf>,
    },
    /// Lay out a museum's paintings and abstract pictures as folders by class, for `oneiro train art-classifier`: classical,
    /// modern, abstract
    Classes {
        /// Folder of paintings with the museum's objects.json
        #[arg(long, value_name = "DIR")]
        paintings: PathBuf,
        /// Folder of abstract pictures
        #[arg(long = "abstract", value_name = "DIR")]
        abstracts: PathBuf,
        /// Paintings finished before this year are classical, the others modern
        #[arg(long, default_value_t = 1850)]
        year: i64,
        /// The folder to make
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Say what a folder of pictures, MIDI files or ABC holds, what is of no use and why, and what is the same
    Scan {
        /// The folder; its subfolders too
        folder: PathBuf,
        /// Which parts of MIDI files: best (the one most likely the melody), all (but drums), or a track's number
        #[arg(long, value_name = "N|best|all", default_value = "best")]
        track: Track,
        /// Write a contact sheet of pictures, or piano rolls of tunes, there; of a folder with both, the rolls go to
        /// FILE-tunes.png
        #[arg(long, value_name = "FILE.png")]
        sheet: Option<PathBuf>,
    },
}

/// Runs `oneiro data`.
pub fn run(args: Args) -> Result<()> {
    match args.task {
        Task::Procedural { out, count, size, seed, families, sheet } => {
            let plan = Plan { count: count as usize, size, seed, families };
            procedural::run(&plan, &out, sheet.as_deref(), args.json)
        }
        Task::Classes { paintings, abstracts, year, out } => {
            classes::run(&paintings, &abstracts, year, &out, args.json)
        }
        Task::Scan { folder, track, sheet } => scan::run(&folder, track, sheet.as_deref(), args.json),
    }
}

fn save(picture: &image::RgbImage, file: &Path) -> Result<()> {
    save_png(picture, file).with_context(|| format!("cannot write {}", file.display()))
}
