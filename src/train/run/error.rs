//! Why a run ended early.

use crate::train::checkpoint::CheckpointError;
use crate::train::program::ProgramError;
use serde_json::Value;
use std::io;
use std::path::PathBuf;

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A step failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A checkpoint failed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another run goes on in the folder.
    #[error(
        "{folder} is in use by another run{}: wait until that has ended, end it, or name another folder with --run",
        process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default()
    )]
    InUse {
        /// The run's folder.
        folder: PathBuf,
        /// The process of the other run, where it can be told.
        process: Option<String>,
    },
    /// A new run was to begin where one is already.
    #[error("{folder} holds a run already: go on with --resume, or name another folder with --run")]
    Occupied {
        /// The run's folder.
        folder: PathBuf,
    },
    /// A loss became infinite or not a number.
    #[error("step {step}: {metric} is {value}; {}. Begin again with a lower learning rate", kept(*checkpoint))]
    NotFinite {
        /// The step.
        step: u64,
        /// Which figure.
        metric: String,
        /// Its value.
        value: f32,
        /// Step of the last good checkpoint.
        checkpoint: Option<u64>,
    },
    /// The checkpoint was made with other settings.
    #[error("cannot resume: {name} was {was}, now {now}. Use the old setting, or another folder")]
    Settings {
        /// Name of the first setting that differs.
        name: String,
        /// Value in the checkpoint.
        was: String,
        /// Value asked for.
        now: String,
    },
    /// The checkpoint was made with other data.
    #[error(
        "cannot resume: the data is not what this run began with (fingerprint {was}, now {now}). Give it the same \
         files, or begin in another folder"
    )]
    OtherData {
        /// Fingerprint in the checkpoint.
        was: String,
        /// Fingerprint of the data of now.
        now: String,
    },
    /// The checkpoint does not say what data it was made with.
    #[error(
        "cannot resume: this run was begun by an older version of the program, which did not note what data it learns \
         from. Begin again in another folder, or go on with the version that it was begun with"
    )]
    UnknownData,
    /// The data is not fit for training.
    #[error("{0}")]
    Data(String),
}

fn kept(checkpoint: Option<u64>) -> String {
    checkpoint.map_or_else(
        || "there is no checkpoint yet".to_owned(),
        |step| format!("the last good checkpoint, of step {step}, is kept"),
    )
}

/// Holds the settings of a checkpoint against those of now. What an older version of this program did not know of
/// cannot differ.
pub(super) fn same_settings(was: &Value, now: &Value) -> Result<(), RunError> {
    let mut settings = was.clone();
    let data = settings.as_object_mut().and_then(|settings| settings.remove(DATA));
    if data.is_none() && now.get(DATA).is_some() {
        return Err(RunError::UnknownData);
    }
    // Then the others: with another size of pictures, say, other files are of use.
    if let Some((name, was, now)) = differing("", &settings, now) {
        return Err(RunError::Settings { name, was, now });
    }
    match (data, now.get(DATA)) {
        (Some(was), Some(now)) if was != *now => {
            Err(RunError::OtherData { was: was.to_string(), now: now.to_string() })
        }
        _ => Ok(()),
    }
}

/// Name of the setting that stands for the data.
pub(super) const DATA: &str = "data";

fn differing(name: &str, was: &Value, now: &Value) -> Option<(String, String, String)> {
    if let (Some(old), Some(new)) = (was.as_object(), now.as_object()) {
        let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
        return old.iter().find_map(|(key, was)| match new.get(key) {
            Some(now) => differing(&below(key), was, now),
            None => Some((below(key), was.to_string(), "not set".to_owned())),
        });
    }
    if let (Some(old), Some(new)) = (was.as_array(), now.as_array())
        && old.len() == new.len()
    {
        return old.iter().zip(new).find_map(|(was, now)| differing(name, was, now));
    }
    // Numbers are compared as such: 1 and 1.0 are the same setting, and text may have cost the last digit.
    let same = match (was.as_f64(), now.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * a.abs(),
        _ => was == now,
    };
    (!same).then(|| (name.to_owned(), was.to_string(), now.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_setting_that_differs_is_named_however_deep_it_lies() {
        let was = json!({"rate": 1, "shape": {"size": 64, "channels": [1, 2]}});
        assert!(
            same_settings(&was, &json!({"rate": 1.0, "shape": {"size": 64, "channels": [1, 2]}, "new": 3})).is_ok()
        );
        let error = same_settings(&was, &json!({"rate": 1, "shape": {"size": 128, "channels": [1, 2]}}));
        assert!(error.unwrap_err().to_string().contains("shape.size was 64, now 128"));
        let error = same_settings(&was, &json!({"shape": {"size": 64, "channels": [1, 2]}}));
        assert!(error.unwrap_err().to_string().contains("rate was 1, now not set"));
    }

    #[test]
    fn other_data_is_told_after_other_settings_and_unknown_data_is_not_trusted() {
        let was = json!({"data": 5, "size": 64});
        assert!(same_settings(&was, &was).is_ok());
        let error = |was: &Value, now: Value| same_settings(was, &now).unwrap_err().to_string();
        let other = error(&was, json!({"data": 6, "size": 64}));
        assert!(other.contains("fingerprint 5, now 6") && other.contains("another folder"), "{other}");
        assert!(error(&was, json!({"data": 6, "size": 128})).contains("size was 64, now 128"));
        let older = error(&json!({"size": 64}), json!({"data": 5, "size": 64}));
        assert!(older.contains("begun by an older version") && older.contains("another folder"), "{older}");
        // A task that knows nothing of its data has none to compare.
        assert!(same_settings(&was, &json!({"size": 64})).is_ok());
    }
}
