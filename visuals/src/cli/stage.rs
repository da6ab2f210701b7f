//! The window.

use super::Args;
use super::surfaces::Surfaces;
use anyhow::Result;
use oneiro_visuals::window::{Look, Programme, run};

pub fn open(args: &Args) -> Result<()> {
    let look = Look {
        size: args.size()?,
        full_screen: args.full_screen,
        monitor: args.monitor,
        frameless: args.frameless,
        pointer: args.pointer,
        seconds: args.close_after,
    };
    let mut surfaces = Surfaces::open(&args.surfaces, args.follows_midi())?;
    let programme = Programme {
        show: args.show()?,
        feed: args.feed(Some(surfaces.handle.knobs()))?,
        studio: args.studio(),
        title: args.title.clone(),
        desk: surfaces.desk.take(),
    };
    Ok(run(programme, look)?)
}
