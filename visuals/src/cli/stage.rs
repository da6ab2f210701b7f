//! The window.

use super::Args;
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
    let programme =
        Programme { show: args.show()?, feed: args.feed(None)?, studio: args.studio(), title: args.title.clone() };
    Ok(run(programme, look)?)
}
