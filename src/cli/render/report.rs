//! What was made, in words and in JSON.

use super::models::{Chosen, sha256};
use crate::cli::answer;
use anyhow::Result;
use oneiro::render::Rendered;
use oneiro::render::project::Project;
use serde_json::json;

/// In JSON, for programs.
pub fn report(project: &Project, repaired: usize, rendered: &Rendered, chosen: &Chosen) -> Result<serde_json::Value> {
    let models: Vec<_> = chosen
        .all()
        .map(|model| {
            json!({ "kind": model.spec.kind, "name": model.spec.name, "file": model.origin, "sha256": sha256(model) })
        })
        .collect();
    let files = rendered
        .written
        .iter()
        .map(|t| {
            let bytes = if t.kind.is_folder() { None } else { Some(std::fs::metadata(&t.path)?.len()) };
            Ok(json!({ "file": t.path, "kind": t.kind, "bytes": bytes }))
        })
        .collect::<Result<Vec<_>>>()?;
    let (arrangement, picture) = (&rendered.arrangement, &project.picture);
    Ok(json!({
        "input": project.input,
        "seed": project.seed,
        "seconds": rendered.seconds,
        "frames": rendered.frames,
        "fps": picture.fps.to_string(),
        "size": [picture.size.width, picture.size.height],
        "key": arrangement.key.map(|key| key.to_string()),
        "phrases": rendered.answers,
        "notes": { "call": arrangement.call.len(), "answer": rendered.recording.answer().len(), "backing": arrangement.backing.len() },
        "repaired": repaired,
        "lost": rendered.recording.lost,
        "models": models,
        "files": files,
    }))
}

/// In words.
pub fn tell(rendered: &Rendered) -> Result<()> {
    let key = rendered.arrangement.key.map_or(String::new(), |key| format!(" in {key}"));
    let notes = rendered.recording.answer().len();
    answer(&format!("{:.1} s{key}: {} answers of {notes} notes", rendered.seconds, rendered.answers))?;
    for target in &rendered.written {
        answer(&format!("  {}", target.path.display()))?;
    }
    Ok(())
}
