//! The window.

use super::surfaces::Surfaces;
use super::{Args, end_recording};
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
    let (recorder, lookouts) = args.recorder()?;
    let programme = Programme {
        show: args.show()?,
        feed: args.feed(Some(surfaces.handle.knobs()))?,
        studio: args.studio(),
        title: args.title.clone(),
        desk: surfaces.desk.take(),
        lookouts,
    };
    let shown = run(programme, look);
    end_recording(recorder, args.record.as_deref())?;
    Ok(shown?)
}
