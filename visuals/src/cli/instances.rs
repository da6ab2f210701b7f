//! `--list-instances` and `--follow`.

use anyhow::Result;
use oneiro::link::{Choice, Room, instances};
use std::fmt::Write as _;

/// Whom to follow.
pub fn choice(names: &[String]) -> Choice {
    if names.is_empty() { Choice::All } else { Choice::Named(names.to_vec()) }
}

/// Prints the instances that there are.
pub fn list() -> Result<()> {
    let found = instances(&Room::usual()?)?;
    let mut text = String::new();
    for instance in &found {
        let (name, program) = (&instance.name, &instance.program);
        writeln!(text, "{name:<28} {program:<20} process {:<8} {:>6} Hz", instance.process, instance.rate)?;
    }
    if found.is_empty() {
        text.push_str("nobody plays; load the plugin in a host, or start `oneiro play`\n");
    }
    print!("{text}");
    Ok(())
}
