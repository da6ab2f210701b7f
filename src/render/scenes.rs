//! Frames of scenes from the program that draws them: `oneiro-visuals`, which is found beside this one. The library itself knows
//! no graphics.

use super::RenderError;
use super::reel::{Reel, ReelError};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

/// The program's name, without what the system adds to it.
const NAME: &str = "oneiro-visuals";
/// Lines of what it said that are kept.
const LINES: usize = 20;

/// Why there are no frames.
#[derive(Debug, thiserror::Error)]
pub enum ScenesError {
    /// The program is not there.
    #[error(
        "`{NAME}{}` is not beside this program: in a checkout `cargo build --release -p {NAME}` makes it, and `cargo install --path \
         visuals` installs it; without it `oneiro render` makes pictures without scenes",
        std::env::consts::EXE_SUFFIX
    )]
    NotFound,
    /// It cannot be started.
    #[error("{}: cannot be started: {reason}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        reason: String,
    },
    /// The reel cannot be shown.
    #[error(transparent)]
    Reel(#[from] ReelError),
    /// It ended before its last frame.
    #[error("the scenes broke off at frame {frame}: {message}")]
    Ended {
        /// The frame that did not come.
        frame: u64,
        /// What it said last, or how it ended.
        message: String,
    },
}

/// The visualizer beside this program; in a checkout's tests programs lie one folder up.
///
/// # Errors
/// [`ScenesError::NotFound`], which says what to do.
pub fn visualizer() -> Result<PathBuf, ScenesError> {
    let own = std::env::current_exe().map_err(|_| ScenesError::NotFound)?;
    let file = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    let mut folders = own.ancestors().skip(1).take(2);
    folders.find_map(|folder| Some(folder.join(&file)).filter(|path| path.is_file())).ok_or(ScenesError::NotFound)
}

/// A film with scenes while it is drawn by another process, one frame after the other. That process ends with this.
#[derive(Debug)]
pub struct Scenes {
    child: Child,
    frames: ChildStdout,
    words: Option<JoinHandle<String>>,
    bytes: usize,
    next: u64,
    end: u64,
}

impl Scenes {
    /// Begins to draw a reel.
    ///
    /// # Errors
    /// [`RenderError::Scenes`] where the program is not there or the reel cannot be. What is wrong with names and files in it is
    /// told by [`Scenes::next`].
    pub fn start(reel: &Reel) -> Result<Self, RenderError> {
        Ok(Self::start_with(&visualizer()?, reel)?)
    }

    /// The same by a program of the caller's choice.
    ///
    /// # Errors
    /// [`ScenesError`].
    pub fn start_with(program: &Path, reel: &Reel) -> Result<Self, ScenesError> {
        let json = reel.json()?;
        let fail = |e: std::io::Error| ScenesError::Start { program: program.to_owned(), reason: e.to_string() };
        let mut child = Command::new(program)
            .args(["--reel", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(fail)?;
        let (input, frames, said) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut input), Some(frames), Some(said)) = (input, frames, said) else {
            return Err(fail(std::io::Error::other("it has no pipes")));
        };
        // One that has ended already tells why when its first frame is wanted.
        let _gone = input.write_all(json.as_bytes());
        drop(input);
        let words = std::thread::Builder::new().name("scenes' words".into()).spawn(move || {
            let mut lines: Vec<String> = BufReader::new(said).lines().map_while(Result::ok).collect();
            let error = lines.iter().rev().find_map(|line| line.strip_prefix("error: ").map(str::to_owned));
            error.unwrap_or_else(|| lines.split_off(lines.len().saturating_sub(LINES)).join("; "))
        });
        let (next, end) = reel.frames;
        Ok(Self { child, frames, words: Some(words.map_err(fail)?), bytes: reel.frame_bytes(), next, end })
    }

    /// The next frame: [`Reel::frame_bytes`] bytes, rows from top to bottom; `None` after the last.
    ///
    /// # Errors
    /// [`RenderError::Scenes`] with what the program said last.
    #[expect(clippy::should_implement_trait, reason = "an iterator would go on after an error")]
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, RenderError> {
        if self.next >= self.end {
            return Ok(None);
        }
        let mut frame = vec![0; self.bytes];
        if let Err(e) = self.frames.read_exact(&mut frame) {
            return Err(self.broken(&e).into());
        }
        self.next += 1;
        Ok(Some(frame))
    }

    /// The number of the frame that is next.
    pub fn at(&self) -> u64 {
        self.next
    }

    fn broken(&mut self, read: &std::io::Error) -> ScenesError {
        // It gives no more frames, whether it has ended yet or not.
        let _ended = self.child.kill();
        let status = self.child.wait();
        let said = self.words.take().and_then(|words| words.join().ok()).filter(|said| !said.is_empty());
        let message = match (status, said) {
            // It has said why; libraries that it uses may have said something before.
            (Ok(status), Some(said)) if status.code() == Some(1) => said,
            (Ok(status), said) => {
                said.into_iter().fold(format!("{NAME} ended with {status}"), |end, said| format!("{end}; {said}"))
            }
            (Err(_), _) => read.to_string(),
        };
        ScenesError::Ended { frame: self.next, message }
    }
}

impl Drop for Scenes {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        if let Some(words) = self.words.take() {
            drop(words.join());
        }
    }
}

#[cfg(all(test, unix))]
#[path = "../../tests/support/program.rs"]
mod program;

#[cfg(all(test, unix))]
mod tests {
    use super::super::reel::ReelModels;
    use super::*;

    fn reel() -> Reel {
        let models = ReelModels { first: "a.onnx".into(), ..ReelModels::default() };
        Reel { size: (16, 16), frames: (3, 5), models, ..Reel::default() }
    }

    fn start(folder: &Path, script: &str) -> Scenes {
        let drawer = folder.join("drawer");
        program::script(&drawer, &format!("cat > /dev/null\n{script}\n"));
        Scenes::start_with(&drawer, &reel()).unwrap()
    }

    #[test]
    fn frames_come_one_by_one_and_death_is_an_error_that_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let mut scenes = start(folder.path(), "head -c 1536 /dev/zero");
        assert_eq!(scenes.next().unwrap(), Some(vec![0; 768]));
        assert_eq!((scenes.at(), scenes.next().unwrap().is_some(), scenes.next().unwrap()), (4, true, None));
        for (script, says) in [
            (
                "head -c 1000 /dev/zero; echo 'error: the model is gone' >&2; echo more >&2; exit 1",
                "frame 4: the model is gone",
            ),
            ("head -c 768 /dev/zero; exit 3", "frame 4: oneiro-visuals ended with exit status: 3"),
            ("head -c 768 /dev/zero; kill -9 $$", "signal: 9"),
        ] {
            let mut scenes = start(folder.path(), script);
            assert!(scenes.next().unwrap().is_some());
            let error = scenes.next().unwrap_err().to_string();
            assert!(error.contains(says) && error.lines().count() == 1, "{error}");
        }
    }

    #[test]
    fn it_ends_when_nobody_wants_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut scenes = start(folder.path(), "head -c 768 /dev/zero; exec sleep 600");
        assert!(scenes.next().unwrap().is_some());
        drop(scenes);
        assert!(matches!(Scenes::start_with(&folder.path().join("none"), &reel()), Err(ScenesError::Start { .. })));
    }
}
