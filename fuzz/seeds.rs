//! Writes the sound inputs that fuzzing begins with: `seeds FOLDER` makes one folder for each target in it.

#[cfg(feature = "plugin")]
#[path = "../plugin/tests/support/readers.rs"]
#[allow(dead_code)]
mod plugin;
#[path = "../tests/support/readers.rs"]
mod readers;
#[cfg(feature = "visuals")]
#[path = "../visuals/tests/support/readers.rs"]
#[allow(dead_code)]
mod visuals;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let corpus = PathBuf::from(std::env::args_os().nth(1).unwrap_or("corpus".into()));
    #[allow(unused_mut)]
    let mut all = readers::READERS.map(|(name, _, seeds)| (name, seeds())).to_vec();
    #[cfg(feature = "plugin")]
    all.extend([("state", plugin::state_seeds()), ("presets", plugin::preset_seeds())]);
    #[cfg(feature = "visuals")]
    all.extend([
        ("packet", visuals::packet_seeds()),
        ("ask", visuals::ask_seeds()),
        ("cues", visuals::cue_seeds()),
        ("scenes", visuals::scene_seeds()),
    ]);
    for (name, seeds) in all {
        let folder = corpus.join(name);
        std::fs::create_dir_all(&folder)?;
        for (number, bytes) in seeds.into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), bytes)?;
        }
    }
    Ok(())
}
