//! Where a phrase is written to: a path that one can change.

use super::hand::Hand;
use super::theme::{ink, strong};
use crate::view::Wish;
use directories::UserDirs;
use egui::{Id, Key, Modal, RichText, TextEdit, Ui, vec2};
use oneiro::compose::Corner;
use std::path::{Path, PathBuf};

/// A phrase that is about to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    corner: Option<Corner>,
    path: String,
    fresh: bool,
}

/// A name in a folder that is not taken.
fn free(folder: &Path, stem: &str, is_taken: impl Fn(&Path) -> bool) -> PathBuf {
    let numbered = |n: u32| folder.join(if n == 1 { format!("{stem}.mid") } else { format!("{stem} {n}.mid") });
    (1..10_000).map(numbered).find(|path| !is_taken(path)).unwrap_or_else(|| numbered(1))
}

impl Export {
    /// Begins: the last phrase, or a corner's.
    pub fn new(corner: Option<Corner>) -> Self {
        let dirs = UserDirs::new();
        let folder = dirs.as_ref().map(|dirs| dirs.document_dir().unwrap_or_else(|| dirs.home_dir()).to_owned());
        let stem = corner.map_or("Oneiro phrase".to_owned(), |corner| format!("Oneiro phrase {corner:?}"));
        let path = free(&folder.unwrap_or_default(), &stem, Path::exists);
        Self { corner, path: path.display().to_string(), fresh: true }
    }
}

/// Asks where to, while there is something to be written.
pub fn show(ui: &Ui, hand: &Hand, export: &mut Option<Export>) {
    let Some(asked) = export else { return };
    let mut done = false;
    let width = (ui.ctx().content_rect().width() - 80.0).min(460.0);
    let modal = Modal::new(Id::unique("export a phrase")).show(ui.ctx(), |ui| {
        ui.set_width(width);
        ui.label(RichText::new("Export as a MIDI file").font(strong(14.0)));
        let what = asked.corner.map_or("The last phrase that Oneiro played.".to_owned(), |c| format!("Phrase {c:?}."));
        ui.label(RichText::new(what).color(ink().dim));
        ui.add_space(6.0);
        let field = ui.add(TextEdit::singleline(&mut asked.path).margin(vec2(7.0, 5.0)).desired_width(f32::INFINITY));
        if std::mem::take(&mut asked.fresh) {
            field.request_focus();
        }
        ui.add_space(8.0);
        let enter = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.horizontal(|ui| {
            let named = !asked.path.trim().is_empty();
            if (ui.add_enabled(named, egui::Button::new("Write")).clicked() || enter) && named {
                hand.wish(Wish::Export(asked.corner, PathBuf::from(asked.path.trim())));
                done = true;
            }
            done |= ui.button("Cancel").clicked();
        });
    });
    if done || modal.should_close() {
        *export = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_written_over_by_itself() {
        let taken = [PathBuf::from("d/p.mid"), PathBuf::from("d/p 2.mid")];
        assert_eq!(free(Path::new("d"), "p", |path| taken.contains(&path.to_owned())), PathBuf::from("d/p 3.mid"));
        assert_eq!(free(Path::new("d"), "q", |path| taken.contains(&path.to_owned())), PathBuf::from("d/q.mid"));
    }
}
