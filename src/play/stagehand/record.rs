//! The record of a session.

use super::{Stagehand, lock};
use crate::controls::CONTROLS;
use crate::moment::now_ns;
use crate::seen::Grade;
use crate::take::{Event, Header, Recorder};
use std::path::{Path, PathBuf};

impl Stagehand {
    /// Begins or ends the record.
    pub(super) fn record(&mut self) {
        let sample = self.sample_clock.sample_at(now_ns()).max(self.memory.sample);
        if let Some(recorder) = self.memory.recorder.take() {
            let partial = recorder.partial().to_owned();
            match recorder.end(sample) {
                Ok(path) => self.tell(Grade::Note, format!("recorded: {}", path.display())),
                Err(e) => self.record_failed(format!("{}: cannot be named: {e}", partial.display())),
            }
            lock(&self.scene).recording = None;
            return;
        }
        let settings = &self.memory.settings;
        let patches = settings.patches();
        let mut header = Header::new(self.rate, settings.composer().controls.seed, patches);
        [header.model, header.phrase_model] = self.models.clone();
        header.controls = CONTROLS.iter().map(|s| (s.name.to_owned(), settings.get(s.control))).collect();
        let path = free_name(&self.record_path);
        match Recorder::begin(&path, &header, sample) {
            Ok(mut recorder) => {
                let now = lock(&self.scene).clock;
                let transport = crate::time::Transport {
                    playing: now.playing,
                    pos_beats: now.pos_beats,
                    tempo: now.tempo,
                    time_signature: now.time_signature,
                };
                // Notes that sound already are not part of it; time is.
                let begun = recorder.write(sample, Event::Transport(transport));
                self.memory.recorder = Some(recorder);
                self.write(|_| begun);
                lock(&self.scene).recording = Some(path.display().to_string());
            }
            Err(e) => self.record_failed(format!("{}: cannot be recorded to: {e}", path.display())),
        }
    }

    /// Writes to the record, if there is one; what cannot be written ends it.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut Recorder) -> std::io::Result<()>) {
        let Some(recorder) = &mut self.memory.recorder else { return };
        if let Err(e) = write(recorder) {
            let partial = recorder.partial().display().to_string();
            self.memory.recorder = None;
            lock(&self.scene).recording = None;
            self.record_failed(format!("the recording has ended: {e}; what there is of it: {partial}"));
        }
    }

    fn record_failed(&self, reason: String) {
        self.tell(Grade::Warning, reason);
        lock(&self.scene).record_failed = true;
    }
}

/// The name, or the next that is free: a take never takes another's place.
fn free_name(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = path.extension().map_or(String::new(), |e| format!(".{}", e.to_string_lossy()));
    let numbered = (2..).map(|n| path.with_file_name(format!("{stem}-{n}{ending}")));
    std::iter::once(path.to_owned()).chain(numbered).find(|path| !path.exists()).unwrap_or_else(|| path.to_owned())
}
