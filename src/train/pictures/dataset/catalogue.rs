//! What a folder says about its pictures beside them.

use super::Error;
use crate::files::read_at_most;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;

/// Largest catalogue that is read, in bytes.
pub const LIMIT_BYTES: u64 = 64 << 20;

/// The part of a museum's collection dump (as the Metropolitan Museum of Art publishes it) that is of use.
#[derive(Deserialize)]
struct Objects {
    objects: Vec<Object>,
}

/// A work in a museum's catalogue.
#[derive(Deserialize)]
pub(in crate::train) struct Object {
    /// Its number, by which its picture's file is called.
    #[serde(rename = "objectID")]
    pub id: u64,
    /// Who made it; empty where nobody is named.
    #[serde(rename = "artistDisplayName", default)]
    pub artist: String,
    /// The year in which it was finished.
    #[serde(rename = "objectEndDate")]
    pub end: Option<i64>,
}

/// The works of a catalogue.
pub(in crate::train) fn objects(bytes: &[u8]) -> Result<Vec<Object>, serde_json::Error> {
    Ok(serde_json::from_slice::<Objects>(bytes)?.objects)
}

/// File stem → artist, from `objects.json` in the folder (at its top, or in `data/`); empty without one.
///
/// A painter's pictures resemble each other, so they must not stand on both sides of a split. Unnamed artists are
/// not one person: their pictures stay single.
pub(in crate::train) fn groups(folder: &Path) -> Result<HashMap<String, String>, Error> {
    let Some(file) = ["objects.json", "data/objects.json"].iter().map(|f| folder.join(f)).find(|f| f.is_file()) else {
        return Ok(HashMap::new());
    };
    let bytes = read_at_most(&file, LIMIT_BYTES).map_err(|source| Error::Io { path: file.clone(), source })?;
    // Another program's file of that name is no catalogue, and no reason to stop.
    let Ok(objects) = objects(&bytes) else {
        eprintln!("warning: {}: not a museum's catalogue; artists are not kept together", file.display());
        return Ok(HashMap::new());
    };
    let named = objects.into_iter().filter(|o| {
        let artist = o.artist.to_lowercase();
        !(artist.is_empty()
            || artist.contains("unidentified")
            || artist.contains("unknown")
            || artist.contains("anonymous"))
    });
    Ok(named.map(|o| (o.id.to_string(), o.artist)).collect())
}
