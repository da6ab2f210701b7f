//! `oneiro bench link`: how far pictures lag behind music that another program plays.

use super::super::answer;
use anyhow::{Context, Result, ensure};
use oneiro::bench::{LinkSpeed, Spread, follow_link, play_link};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Arguments of `oneiro bench link`.
#[derive(clap::Args)]
#[command(after_help = "\
A process plays notes in real time, as a host's audio thread does, with tempo changes; this one follows it, as the visualizer does
with every frame. What a display and its driver take comes on top.

Examples:
  oneiro bench link --seconds 60      the figures of docs/link.md")]
pub struct Args {
    /// Seconds
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Frames a second
    #[arg(long, default_value_t = 60.0)]
    frames: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Play under this name, and nothing else
    #[arg(long, hide = true)]
    play: Option<String>,
}

/// The other process, which ends with this.
struct Player(Child);

impl Drop for Player {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Runs `oneiro bench link`.
pub fn run(args: &Args) -> Result<()> {
    ensure!((2.0..=3600.0).contains(&args.seconds), "--seconds {}: 2 to 3600", args.seconds);
    ensure!((1.0..=1000.0).contains(&args.frames), "--frames {}: 1 to 1000", args.frames);
    if let Some(name) = &args.play {
        return play_link(name, args.seconds, std::io::stdout()).context("the moment of the start cannot be told");
    }
    let name = format!("bench-{}", std::process::id());
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "link", "--play", &name, "--seconds", &args.seconds.to_string()]);
    let mut player = Player(command.stdout(Stdio::piped()).spawn().context("the other process cannot be started")?);
    let out = player.0.stdout.take().context("the other process says nothing")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    let start_ns = line.trim().parse().context("the other process does not say when it begins")?;
    let speed = follow_link(&name, start_ns, args.seconds, args.frames);
    ensure!(speed.shown_ms.count > 0, "nothing was heard of the other process");
    answer(&if args.json { serde_json::to_string_pretty(&speed)? } else { table(&speed)? })
}

fn table(speed: &LinkSpeed) -> Result<String> {
    let mut text = String::new();
    let (block, rate) = speed.block;
    writeln!(
        text,
        "blocks of {block} samples at {rate} Hz, {} frames a second: one every {:.1} ms",
        speed.frames,
        1e3 / speed.frames
    )?;
    writeln!(text, "{:<44}{:>8}{:>9}{:>9}{:>9}   ms", "", "count", "p50", "p99", "worst")?;
    let mut line =
        |what: &str, s: &Spread| writeln!(text, "{what:<44}{:>8}{:>9.3}{:>9.3}{:>9.3}", s.count, s.p50, s.p99, s.worst);
    line("message sent to message read", &speed.transport_ms)?;
    line("a frame's position off the one that sounds", &speed.position_ms)?;
    line("note's audio time to the frame that shows it", &speed.shown_ms)?;
    writeln!(text, "{} notes shown too early, {} messages or events lost", speed.early, speed.lost)?;
    Ok(text.trim_end().to_owned())
}
