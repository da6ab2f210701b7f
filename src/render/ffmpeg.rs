//! The program `ffmpeg`: what it is asked for, and what it says.

use super::fps::Fps;
use super::frame::{Alpha, Depth, Format};
use super::target::TargetKind;
use crate::picture::VideoSize;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;

/// Whether `ffmpeg` can be started.
pub fn has_ffmpeg() -> bool {
    let quiet = Command::new("ffmpeg")
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

/// How a video is encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coding {
    pub kind: TargetKind,
    pub size: VideoSize,
    pub fps: Fps,
    pub format: Format,
    /// Constant rate factor of H.264: 0 (without loss) to 51.
    pub crf: u8,
}

impl Coding {
    /// The format in which frames are best handed over: ProRes keeps ten bits of a colour.
    pub fn format(kind: TargetKind, depth: Depth, alpha: Alpha) -> Format {
        match kind {
            TargetKind::Video => Format { depth: Depth::Eight, alpha: Alpha::None },
            TargetKind::ProRes => Format { depth: Depth::Sixteen, alpha },
            _ => Format { depth, alpha },
        }
    }

    /// The ending of a piece of video: containers that hold the codec and tell times exactly.
    pub fn ending(&self) -> &'static str {
        if self.kind == TargetKind::Video { "mp4" } else { "mov" }
    }

    /// A command that reads frames and writes a video without sound. `live` cuts it into fragments that play as soon as they are
    /// written.
    pub fn command(&self, out: &Path, live: bool) -> Command {
        let pixels = match (self.format.depth, self.format.alpha) {
            (Depth::Eight, Alpha::None) => "rgb24",
            (Depth::Eight, Alpha::Luma) => "rgba",
            (Depth::Sixteen, Alpha::None) => "rgb48le",
            (Depth::Sixteen, Alpha::Luma) => "rgba64le",
        };
        let size = format!("{}x{}", self.size.width, self.size.height);
        let mut command = start();
        command.args(["-f", "rawvideo", "-pix_fmt", pixels, "-s", &size, "-framerate", &self.fps.to_string()]);
        command.args(["-i", "pipe:0"]);
        let bt709 = |command: &mut Command, format: &str| {
            command.args(["-vf", &format!("scale=out_color_matrix=bt709:out_range=tv,format={format}")]);
            command.args(["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]);
        };
        match self.kind {
            TargetKind::Lossless => {
                // FFV1 keeps red, green and blue as they are.
                let format = match (self.format.depth, self.format.alpha) {
                    (Depth::Eight, Alpha::None) => "bgr0",
                    (Depth::Eight, Alpha::Luma) => "bgra",
                    (Depth::Sixteen, Alpha::None) => "rgb48le",
                    (Depth::Sixteen, Alpha::Luma) => "rgba64le",
                };
                command.args(["-c:v", "ffv1", "-level", "3", "-g", "1", "-slicecrc", "1", "-pix_fmt", format]);
            }
            TargetKind::ProRes => {
                let (profile, format) =
                    if self.format.alpha == Alpha::Luma { ("4", "yuva444p10le") } else { ("3", "yuv422p10le") };
                command.args(["-c:v", "prores_ks", "-profile:v", profile, "-vendor", "apl0"]);
                bt709(&mut command, format);
            }
            _ => {
                command.args(["-c:v", "libx264", "-preset", "veryfast", "-crf", &self.crf.to_string()]);
                bt709(&mut command, "yuv420p");
            }
        }
        if live {
            command.args(["-movflags", "+frag_keyframe+empty_moov+default_base_moof"]);
        }
        command.args(["-map_metadata", "-1", "-fflags", "+bitexact", "-f", self.ending()]).arg(out);
        command
    }
}

/// A command that joins pieces of video, which a list names, with the sound of a file; nothing of the video is encoded anew.
pub(super) fn joining(list: &Path, sound: Option<&Path>, kind: TargetKind, fps: Fps, out: &Path) -> Command {
    let mut command = start();
    command.args(["-f", "concat", "-safe", "0", "-i"]).arg(list);
    if let Some(sound) = sound {
        command.arg("-i").arg(sound).args(["-map", "0:v", "-map", "1:a"]);
        match kind {
            TargetKind::Lossless => command.args(["-c:a", "flac"]),
            TargetKind::ProRes => command.args(["-c:a", "pcm_s24le"]),
            _ => command.args(["-c:a", "aac", "-b:a", "192k"]),
        };
    }
    command.args(["-c:v", "copy"]);
    if kind != TargetKind::Lossless {
        // Where one piece follows another, times are rounded to microseconds: here they go back to whole frames. Matroska tells
        // milliseconds, which that does not touch.
        let times = |name: &str| format!("{}=round({name}*TB*{fps})/({fps})/TB", name.to_lowercase());
        command.args(["-bsf:v", &format!("setts={}:{}", times("PTS"), times("DTS"))]);
    }
    command.args(["-map_metadata", "-1", "-fflags", "+bitexact"]);
    match kind {
        TargetKind::Lossless => command.args(["-f", "matroska"]),
        TargetKind::ProRes => command.args(["-f", "mov"]),
        // It begins to play before it is loaded.
        _ => command.args(["-movflags", "+faststart", "-f", "mp4"]),
    };
    command.arg(out);
    command
}

fn start() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-y"]).stdin(Stdio::piped()).stdout(Stdio::null());
    command.stderr(Stdio::piped());
    #[cfg(unix)]
    {
        // Ctrl-C is ours: what is being written is ended by us.
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    command
}

/// A running `ffmpeg`, which ends when this is dropped.
pub(super) struct Encoder {
    child: Child,
    stdin: Option<ChildStdin>,
    complaints: Option<JoinHandle<String>>,
}

impl Encoder {
    /// Starts it.
    pub fn start(mut command: Command) -> Result<Self, String> {
        let mut child = command.spawn().map_err(|e| e.to_string())?;
        let complaints = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                // What could be read is all there is to tell.
                let _ = stderr.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        let stdin = child.stdin.take();
        Ok(Self { child, stdin, complaints })
    }

    /// Hands over a frame.
    pub fn write(&mut self, frame: &[u8]) -> Result<(), String> {
        let written = self.stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(frame));
        match written {
            Ok(()) => Ok(()),
            // It has more to say about it than the pipe has.
            Err(e) => Err(self.end().err().unwrap_or_else(|| e.to_string())),
        }
    }

    /// Ends what it was given, and waits until it is written.
    pub fn end(&mut self) -> Result<(), String> {
        self.stdin = None;
        let status = self.child.wait().map_err(|e| e.to_string())?;
        let complaints = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let last = complaints.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        Err(format!("it ended with {status}: {}", last.trim()))
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // Both fail only where it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
