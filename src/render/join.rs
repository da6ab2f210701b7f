//! Parts of a video that were rendered apart become one.

use super::ffmpeg::{Encoder, joining};
use super::target::{Partial, Target};
use super::{Fps, RenderError, TargetKind};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Joins parts of a video in order, with the sound of the whole performance. Video frames are taken over as they are; the sound of
/// the parts is left out, since a codec such as AAC would leave a gap between them.
///
/// # Errors
/// [`RenderError::Outputs`] for parts that are no videos of one kind, [`RenderError::Write`], [`RenderError::Ffmpeg`].
pub fn join(sound: &Path, parts: &[PathBuf], target: &Target) -> Result<(), RenderError> {
    let mut common: Option<(String, &PathBuf)> = None;
    for part in parts {
        let stream = stream(part)?;
        match &common {
            Some((other, first)) if *other != stream => {
                let (first, part) = (first.display(), part.display());
                return Err(RenderError::Outputs(format!(
                    "{part}: is another kind of video than {first} ({stream}; {other})"
                )));
            }
            Some(_) => {}
            None => common = Some((stream, part)),
        }
    }
    let Some((stream, _)) = common else { return Err(RenderError::Outputs("there are no parts".into())) };
    let wanted = match target.kind {
        TargetKind::Lossless => "ffv1",
        TargetKind::ProRes => "prores",
        _ => "h264",
    };
    let (codec, rate) = (stream.split(',').next().unwrap_or_default(), stream.rsplit(',').next().unwrap_or_default());
    let fps: Fps = rate.parse().map_err(RenderError::Outputs)?;
    if codec != wanted {
        let name = target.path.display();
        return Err(RenderError::Outputs(format!("{name}: would hold {wanted}, but the parts are {codec}")));
    }
    let partial = Partial::begin(&target.path, false)?;
    let mut list = String::new();
    for part in parts {
        let path = std::path::absolute(part).map_err(|e| partial.fail(e))?;
        list += &format!("file '{}'\n", path.display().to_string().replace('\'', "'\\''"));
    }
    let list_file = Partial::begin(&target.path.with_extension("list"), false)?;
    std::fs::write(list_file.path(), list).map_err(|e| partial.fail(e))?;
    let failed = |message| RenderError::Ffmpeg { path: target.path.clone(), message };
    let command = joining(list_file.path(), Some(sound), target.kind, fps, partial.path());
    let mut ffmpeg = Encoder::start(command).map_err(failed)?;
    ffmpeg.end().map_err(failed)?;
    partial.finish()
}

/// Codec, size, pixel format and frames a second of a video, as `ffprobe` says them.
fn stream(part: &Path) -> Result<String, RenderError> {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-select_streams", "v:0", "-of", "csv=p=0"]);
    probe.args(["-show_entries", "stream=codec_name,width,height,pix_fmt,r_frame_rate"]).arg(part);
    let output = probe.output().map_err(|e| RenderError::Outputs(format!("ffprobe, which comes with ffmpeg: {e}")))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().trim_end_matches(',').to_owned();
    if !output.status.success() || text.is_empty() || text.lines().count() != 1 {
        let said = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("it has no pictures").to_owned();
        return Err(RenderError::Outputs(format!("{}: is no video: {said}", part.display())));
    }
    Ok(text)
}
