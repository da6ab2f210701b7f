//! What `oneiro render` writes, as other programs see it; and that sound and pictures are together.

mod render_support;

use oneiro::bridge::{Part, ShowEvent, ShowKind};
use oneiro::live::Patch;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::picture::{Generator, LatentPath, VideoSize};
use oneiro::render::{Depth, Job, Painter, Target, has_ffmpeg, render_take};
use oneiro::take::{Event, Header, Recorder, Take, read_take};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use render_support::{Stage, bytes, generator_along};
use std::path::Path;
use std::process::Command;

fn probe(path: &Path, stream: &str, what: &str) -> String {
    let entries = format!("stream={what}");
    let mut probe = Command::new("ffprobe");
    probe.args([
        "-v",
        "error",
        "-count_frames",
        "-select_streams",
        stream,
        "-show_entries",
        &entries,
        "-of",
        "csv=p=0",
    ]);
    let output = probe.arg(path).output().expect("ffprobe comes with ffmpeg");
    String::from_utf8(output.stdout).unwrap().trim().trim_end_matches(',').to_owned()
}

/// Every video frame as rows of numbers, in a format of ffmpeg's.
fn raw(path: &Path, format: &str) -> Vec<u8> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg
        .args(["-v", "error", "-xerror", "-i"])
        .arg(path)
        .args(["-map", "0:v", "-f", "rawvideo", "-pix_fmt", format, "-"]);
    let output = ffmpeg.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn without_ffmpeg() -> bool {
    let without = !has_ffmpeg();
    assert!(!without || std::env::var_os("CI").is_none(), "ffmpeg is needed");
    without
}

#[test]
fn every_kind_of_video_has_all_frames_and_the_sound() {
    if without_ffmpeg() {
        return eprintln!("left out: there is no ffmpeg");
    }
    // 24 seconds: three pieces of video.
    let stage = Stage::new(31.9, 95.0);
    let here = stage.path();
    let run = |options: &[&str]| {
        let mut command = stage.plain();
        command
            .args(["render", "tune.mid", "--quiet", "--json", "--size", "32x16", "--fps", "24000/1001"])
            .args(options);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let report = run(&["-o", "a.mp4", "-o", "a.mkv", "-o", "a.mov", "-o", "frames"]);
    let frames = report["frames"].to_string();
    let stream = "codec_name,profile,width,height,pix_fmt,r_frame_rate,nb_read_frames";
    let wanted = [
        ("a.mp4", "h264,High,32,16,yuv420p,24000/1001", "aac"),
        ("a.mkv", "ffv1,unknown,32,16,bgr0,24000/1001", "flac"),
        ("a.mov", "prores,HQ,32,16,yuv422p10le,24000/1001", "pcm_s24le"),
    ];
    for (name, video, audio) in wanted {
        assert_eq!(probe(&here.join(name), "v", stream), format!("{video},{frames}"), "{name}");
        assert_eq!(probe(&here.join(name), "a", "codec_name"), audio, "{name}");
    }
    // In MP4 and MOV each frame lies exactly where it belongs, where pieces meet too.
    for name in ["a.mp4", "a.mov"] {
        let times = probe(&here.join(name), "v", "avg_frame_rate,start_time");
        assert_eq!(times, "24000/1001,0.000000", "{name}");
    }
    // Nothing is lost in FFV1: the frames are those of the folder.
    let film = raw(&here.join("a.mkv"), "rgb24");
    let pictures: Vec<u8> = render_support::names(&here.join("frames"))
        .iter()
        .flat_map(|name| image::open(here.join("frames").join(name)).unwrap().to_rgb8().into_raw())
        .collect();
    assert!(film == pictures, "FFV1 has other pictures than the folder");

    run(&["-o", "deep.mkv", "-o", "deep", "--depth", "16", "--alpha", "luma", "--to", "2"]);
    let deep: Vec<u8> = render_support::names(&here.join("deep"))
        .iter()
        .flat_map(|name| image::open(here.join("deep").join(name)).unwrap().to_rgba16().into_raw())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(raw(&here.join("deep.mkv"), "rgba64le") == deep, "16 bits and alpha");
    run(&["-o", "clear.mov", "--alpha", "luma", "--to", "2"]);
    assert_eq!(probe(&here.join("clear.mov"), "v", "profile,pix_fmt"), "4444,yuva444p12le");
}

#[test]
fn parts_of_a_video_are_joined_without_loss() {
    if without_ffmpeg() {
        return eprintln!("left out: there is no ffmpeg");
    }
    let stage = Stage::new(31.9, 240.0);
    let here = stage.path();
    let oneiro = |options: &[&str]| {
        let mut command = stage.plain();
        command.arg("render").args(options).arg("--quiet");
        command.output().unwrap()
    };
    let render = |output: &str, more: &[&str]| {
        let made = oneiro(&[&["tune.mid", "-o", output, "--size", "32", "--fps", "29.97"], more].concat());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    render("whole.mkv", &[]);
    render("1.mkv", &["--to", "4.2"]);
    render("it's 2.mkv", &["--from", "4.2", "--to", "7"]);
    render("3.mkv", &["--from", "7"]);
    render("sound.wav", &[]);
    let joined = oneiro(&["--join", "sound.wav", "1.mkv", "it's 2.mkv", "3.mkv", "-o", "joined.mkv"]);
    assert!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));
    assert!(raw(&here.join("joined.mkv"), "rgb24") == raw(&here.join("whole.mkv"), "rgb24"));
    render("other.mp4", &["--to", "2"]);
    let cases: [(&[&str], &str); 4] = [
        (&["1.mkv", "other.mp4", "-o", "x.mkv"], "is another kind of video"),
        (&["1.mkv", "-o", "x.mp4"], "would hold h264, but the parts are ffv1"),
        (&["tune.mid", "-o", "x.mkv"], "is no video"),
        (&["-o", "x.mkv"], "--join needs a sound"),
    ];
    for (options, reason) in cases {
        let output = oneiro(&[&["--join", "sound.wav"], options].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(reason), "{said}");
    }
    assert!(!render_support::names(here).iter().any(|name| name.contains("partial") || name.starts_with("x.")));
}

/// A session of single short notes with silence between them, each as a video frame begins; no beat is near.
fn clicks(path: &Path, frames: &[u64]) -> Take {
    let header = Header::new(SampleRate(48_000), 1, [Patch::Keys, Patch::Lead, Patch::Keys]);
    let mut take = Recorder::begin(path, &header, 0).unwrap();
    let time =
        Transport { playing: true, pos_beats: Beats::ZERO, tempo: Bpm(120.0), time_signature: TimeSignature::COMMON };
    take.write(0, Event::Transport(time)).unwrap();
    for frame in frames {
        take.write(frame * 1600, Event::On(Part::Call, 60, 120)).unwrap();
        take.write(frame * 1600 + 2400, Event::Off(Part::Call, 60)).unwrap();
    }
    take.end(30 * 48_000).unwrap();
    read_take(path).unwrap()
}

/// The direction in which a note of pitch class C pushes the walk, as the walk itself tells.
fn push_of_c() -> Vec<f32> {
    let at = |beats: f64, kind| ShowEvent { pos_beats: Beats(beats), kind };
    let bar = at(0.0, ShowKind::Bar { bar: 0, time_signature: TimeSignature::COMMON });
    let note = at(1.0, ShowKind::NoteOn { part: Part::Call, pitch: 60, velocity: 120 });
    let walk = |events: &[ShowEvent]| LatentPath::new(events, 1, 128, 0.8).at(Beats(1.1)).z;
    walk(&[bar, note]).iter().zip(walk(&[bar])).map(|(with, without)| with - without).collect()
}

/// Loudness of each sample, and light of each frame, of a session of clicks.
fn performed(here: &Path, frames: &[u64]) -> (Vec<f64>, Vec<f64>) {
    let take = clicks(&here.join("clicks.oneiro-session"), frames);
    let (options, size) = (SessionOptions::default(), VideoSize { width: 32, height: 32 });
    // Its pictures are one grey, the lighter the farther the walk is in the direction that a note of pitch class C pushes it.
    let session = Session::from_bytes("grey", bytes(generator_along(&push_of_c())), Kind::ImageGan, &options).unwrap();
    let painters = vec![Painter { generator: Generator::new(session).unwrap(), upscaler: None }];
    let targets = ["a.wav", "frames"].map(|name| Target::from_name(&here.join(name).display().to_string()).unwrap());
    let job = Job { size, depth: Depth::Sixteen, ..Job::new(targets.to_vec()) };
    let rendered = render_take(&take, painters, &job, &mut ()).unwrap();
    let mut wav = hound::WavReader::open(here.join("a.wav")).unwrap();
    let sound = wav.samples::<i32>().step_by(2).map(|x| f64::from(x.unwrap().abs()) / f64::from(1 << 23)).collect();
    let light = |frame: u64| {
        let picture = image::open(here.join(format!("frames/frame-{frame:06}.png"))).unwrap().to_rgb16();
        picture.iter().map(|x| f64::from(*x) / 65_535.0).sum::<f64>() / picture.len() as f64
    };
    (sound, (0..rendered.frames).map(light).collect())
}

#[test]
fn sound_and_light_of_a_click_fall_on_the_same_frame() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // Between beats, far enough from each other for silence.
    let wanted = [176, 356, 536, 716];
    let (sound, light) = performed(here, &wanted);
    // The walk moves without clicks too: what a click does to it is what changes where the click comes later.
    let (_, later) = performed(here, &wanted.map(|frame| frame + 5));
    for frame in wanted.map(|frame| frame as usize) {
        // The sound begins where a millisecond is louder than all of the half second before.
        let click = frame * 1600;
        let loudest = |from: usize, to: usize| sound[from..to].iter().fold(0.0_f64, |most, x| most.max(*x));
        let before = loudest(click - 24_000, click);
        let onset = (click - 24_000..).step_by(48).find(|at| loudest(*at, at + 48) > 2.0 * before + 1e-4).unwrap();
        assert_eq!(onset / 1600, frame, "the sound of frame {frame} begins at sample {onset}");
        let apart = |at: usize| light[at] - later[at];
        let flash = |at: usize| (apart(at) - apart(at - 1)).abs();
        let calm = (frame - 10..frame).map(flash).fold(0.0, f64::max);
        let around: Vec<f64> = (frame - 3..frame + 4).map(flash).collect();
        assert!(flash(frame) > 3.0 * calm + 1e-4, "frame {frame}: before {calm}, around {around:?}");
    }
}
