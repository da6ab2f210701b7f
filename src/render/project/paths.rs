//! Paths of a project, which are relative to its folder in the file.

use super::Project;
use std::io::Result;
use std::path::{Component, Path, PathBuf};

impl Project {
    /// From paths in the file to paths that lead somewhere.
    pub(super) fn lead_from(&mut self, folder: &Path) {
        self.each_path(&mut |path, _| {
            *path = folder.join(&path);
            Ok(())
        })
        .unwrap_or_default();
    }

    /// From paths that lead somewhere to paths in the file.
    pub(super) fn relate_to(&mut self, folder: &Path) -> Result<()> {
        let folder = absolute(folder)?;
        self.each_path(&mut |path, _| {
            *path = relative(&absolute(path)?, &folder);
            Ok(())
        })
    }

    /// Every path, and whether it may be a name instead.
    fn each_path(&mut self, change: &mut dyn FnMut(&mut PathBuf, bool) -> Result<()>) -> Result<()> {
        change(&mut self.input, false)?;
        for file in [&mut self.soundfont, &mut self.sound.stems].into_iter().flatten() {
            change(file, false)?;
        }
        if let Some(show) = &mut self.show {
            for file in [&mut show.scenes, &mut show.cues].into_iter().flatten() {
                change(file, false)?;
            }
        }
        for output in &mut self.outputs {
            // A slash at the end says that it is a folder.
            let slash = if output.ends_with('/') { "/" } else { "" };
            let mut path = PathBuf::from(&*output);
            change(&mut path, false)?;
            *output = format!("{}{slash}", path.display().to_string().trim_end_matches('/'));
        }
        let models = self.models.iter_mut().map(|model| &mut model.model);
        for model in models.chain(&mut self.picture.upscaler) {
            if is_file(model) {
                let mut path = PathBuf::from(&*model);
                change(&mut path, true)?;
                *model = path.display().to_string();
            }
        }
        Ok(())
    }
}

/// Whether a model is meant by its file, not by its name.
pub(super) fn is_file(model: &str) -> bool {
    let path = Path::new(model);
    path.extension().is_some_and(|e| e == "onnx") || path.components().count() > 1
}

fn absolute(path: &Path) -> Result<PathBuf> {
    if path.as_os_str().is_empty() { std::env::current_dir() } else { std::path::absolute(path) }
}

/// The way from a folder to a path; the path itself where they have nothing in common. Both are absolute.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let common = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    if !path.components().take(common).any(|c| matches!(c, Component::Normal(_))) {
        return path.to_owned();
    }
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(path.components().skip(common)).collect()
}
