//! `oneiro bench`: how fast this machine trains, plays and paints, and whether the instrument holds.

mod instructions;
mod layers;
mod link;
mod live;
mod load;
mod overview;
mod picture;
mod render;
#[cfg(feature = "play")]
mod soak;
mod torch;
mod train;

use super::answer;
use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};

/// Arguments of `oneiro bench`.
#[derive(ClapArgs)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Without a part it measures all of them in short, each figure beside a baseline of the same run: the bare runtime call, products of
large matrices, PyTorch, a published network, counting. Takes some minutes; the parts by themselves measure longer and tell more.

Examples:
  oneiro bench                          everything, as a table
  oneiro bench --json --only live,picture
  oneiro bench --against-torch python3  training beside PyTorch
  oneiro bench live --callgrind         instructions of the audio callback, against those that are known"
)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    overview: overview::Overview,
}

#[derive(Subcommand)]
enum What {
    /// Time training steps of every kind
    Train(train::Args),
    /// Time the audio callback beside busy networks, answers, sessions; and measure memory
    Live(live::Args),
    /// Time the way of notes to a visualizer: from their audio time to the frame that shows them
    Link(link::Args),
    /// Time the forms of single convolutions' derivatives, one thread
    Layers(layers::Args),
    /// Play the instrument with random hands, faster than time, and see whether it holds
    #[cfg(feature = "play")]
    Soak(soak::Args),
    /// Time the models that paint, and what is ours around the runtime
    Picture(picture::Args),
    /// Time the rendering of a performance to files
    Render(render::Args),
}

/// Runs `oneiro bench`.
pub fn run(args: Args) -> Result<()> {
    let Some(what) = args.what else { return overview::run(&args.overview) };
    match what {
        What::Train(args) => train::run(&args),
        What::Live(args) => live::run(&args),
        What::Link(args) => link::run(&args),
        What::Layers(args) => layers::run(&args),
        #[cfg(feature = "play")]
        What::Soak(args) => soak::run(&args),
        What::Picture(args) => picture::run(&args),
        What::Render(args) => render::run(&args),
    }
}
