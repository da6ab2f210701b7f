//! A part of a performance is that part of the whole, byte for byte: its sound, its notes, its pictures; whatever the threads
//! and the blocks. And rates are exact.

mod render_support;

use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::midi::{ReadOptions, Score, TICKS_PER_BEAT, read_midi_file};
use oneiro::picture::{Generator, VideoSize};
use oneiro::render::{
    Alpha, Depth, Excerpt, Fps, Job, Models, Painter, Rendered, Shutter, Target, Tune, WavDepth, preview, render,
};
use oneiro::time::{Bpm, TempoMap};
use render_support::{bytes, evening_walk, generator, melody_model};
use std::path::Path;
use tempfile::tempdir;

/// A tune of so many quarter notes at a tempo.
fn tune(beats: f64, bpm: f64) -> Score {
    let mut score = read_midi_file(evening_walk(), &ReadOptions::default()).unwrap();
    for part in &mut score.parts {
        part.notes.retain(|n| n.onset.0 < beats - 0.1);
    }
    score.tempo = TempoMap::constant(Bpm(bpm)).unwrap();
    score
}

fn session(
    (model, spec): (oneiro::model::onnx::ModelProto, oneiro::model::spec::ModelSpec),
    kind: Kind,
    threads: usize,
) -> Session {
    let options = SessionOptions { intra_threads: threads, ..SessionOptions::default() };
    Session::from_bytes("model", bytes((model, spec)), kind, &options).unwrap()
}

/// As many painters as each has threads: a frame depends on neither.
fn painters(threads: usize) -> Vec<Painter> {
    let generator = || Generator::new(session(generator(), Kind::ImageGan, threads)).unwrap();
    (0..threads).map(|_| Painter { generator: generator(), upscaler: None }).collect()
}

fn models(threads: usize) -> Models {
    let melody = oneiro::compose::MelodyModel::new(session(melody_model(), Kind::MelodyRnn, threads)).unwrap();
    Models { melody, painters: painters(threads) }
}

fn job(folder: &Path, names: &[&str]) -> Job {
    let target = |name: &&str| Target::from_name(&folder.join(name).display().to_string()).unwrap();
    let size = VideoSize { width: 32, height: 24 };
    Job { size, fps: "5".parse().unwrap(), ..Job::new(names.iter().map(target).collect()) }
}

fn run(score: &Score, job: &Job, threads: usize) -> Rendered {
    let rendered = render(score, models(threads), job, &mut ()).unwrap();
    assert_eq!(rendered.recording.lost, 0);
    rendered
}

/// The bytes of a WAV file's samples.
fn samples(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|w| w == b"data").unwrap();
    bytes[data + 8..].to_vec()
}

fn pictures(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    let mut pictures: Vec<_> =
        entries.map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap())).collect();
    pictures.sort();
    pictures
}

/// Notes by part: tick, length, pitch, velocity.
fn notes(path: &Path, shift: i64) -> Vec<(String, i64, i64, u8, u8)> {
    let score = read_midi_file(path, &ReadOptions::default()).unwrap();
    let tick = |x: f64| (x * f64::from(TICKS_PER_BEAT)).round() as i64;
    let of = |part: &oneiro::music::midi::Part| {
        let name = part.name.clone();
        part.notes
            .iter()
            .map(move |n| (name.clone(), tick(n.onset.0) + shift, tick(n.duration.0), n.pitch, n.velocity))
            .collect::<Vec<_>>()
    };
    let mut all: Vec<_> = score.parts.iter().flat_map(of).collect();
    all.sort();
    all
}

#[test]
fn four_parts_are_the_whole_whatever_the_threads_and_the_blocks() {
    let folder = tempdir().unwrap();
    let here = folder.path();
    // 26 seconds: longer than a chapter of the film.
    let score = tune(32.0, 85.0);
    run(&score, &job(here, &["whole.wav", "whole.mid", "whole", "whole.stems"]), 1);
    let places = [None, Some("3"), Some("5.3"), Some("0:21.3"), None];
    let (mut sound, mut stem, mut film, mut heard) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (i, place) in places.windows(2).enumerate() {
        let names = [".wav", ".mid", "", ".stems"].map(|ending| format!("part-{i}{ending}"));
        let mut job = job(here, &names.each_ref().map(String::as_str));
        let [from, to] = [place[0], place[1]].map(|text| text.map(|text| text.parse().unwrap()));
        (job.excerpt, job.block) = (Excerpt { from, to }, [1024, 97, 4096, 10_000][i]);
        let rendered = run(&score, &job, 1 + i % 2);
        let begin = rendered.arrangement.tempo.beats_at_sample((sound.len() / 6) as i64, oneiro::render::SAMPLE_RATE);
        sound.extend(samples(&here.join(&names[0])));
        stem.extend(samples(&here.join(&names[3]).join("answer.wav")));
        film.extend(pictures(&here.join(&names[2])));
        heard.extend(notes(&here.join(&names[1]), (begin.0 * f64::from(TICKS_PER_BEAT)).round() as i64));
        assert!(rendered.frames > 0 && (rendered.seconds - rendered.frames as f64 / 5.0).abs() < 1e-4);
    }
    heard.sort();
    assert!(sound == samples(&here.join("whole.wav")), "the sound differs");
    assert!(stem == samples(&here.join("whole.stems/answer.wav")), "a stem differs");
    assert_eq!(heard, notes(&here.join("whole.mid"), 0));
    let whole = pictures(&here.join("whole"));
    let differ: Vec<_> = whole.iter().zip(&film).filter(|(a, b)| a != b).map(|(a, _)| &a.0).collect();
    assert!(whole.len() == film.len() && differ.is_empty(), "{differ:?}");
}

#[test]
fn sound_alone_is_cut_at_the_sample() {
    let folder = tempdir().unwrap();
    let score = tune(16.0, 133.0);
    run(&score, &job(folder.path(), &["whole.wav"]), 1);
    let mut part = job(folder.path(), &["part.wav"]);
    part.excerpt = Excerpt { from: Some("2.2".parse().unwrap()), to: Some("3".parse().unwrap()) };
    run(&score, &part, 1);
    let sample = |beat: f64| (beat * 60.0 / 133.0 * 48_000.0 - 1e-6).ceil() as usize;
    let whole = samples(&folder.path().join("whole.wav"));
    assert!(samples(&folder.path().join("part.wav")) == whole[6 * sample(5.0)..6 * sample(8.0)]);
}

#[test]
fn places_that_are_not_there_are_told() {
    let folder = tempdir().unwrap();
    let score = tune(16.0, 240.0);
    let cases = [
        ("9:00", None, "is after the end"),
        ("2.5", None, "bar 2 has 4 beats"),
        ("3", Some("3"), "nothing from 3 to 3"),
        ("3", Some("2"), "nothing from 3 to 2"),
    ];
    for (from, to, reason) in cases {
        let mut job = job(folder.path(), &["a.wav"]);
        job.excerpt = Excerpt { from: Some(from.parse().unwrap()), to: to.map(|to| to.parse().unwrap()) };
        let error = render(&score, models(1), &job, &mut ()).unwrap_err().to_string();
        assert!(error.contains(reason), "{from} {to:?}: {error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn stems_add_up_to_the_mix() {
    let folder = tempdir().unwrap();
    let here = folder.path();
    let job = Job { wav: WavDepth::Float, ..job(here, &["mix.wav", "parts.stems"]) };
    let mut score = tune(32.0, 240.0);
    score.parts.iter_mut().flat_map(|part| &mut part.notes).for_each(|note| note.velocity = 127);
    run(&score, &job, 1);
    let read = |name: &str| {
        let mut file = hound::WavReader::open(here.join(name)).unwrap();
        assert_eq!((file.spec().bits_per_sample, file.spec().sample_format), (32, hound::SampleFormat::Float));
        file.samples::<f32>().map(Result::unwrap).collect::<Vec<f32>>()
    };
    let mix = read("mix.wav");
    let stems = ["call", "answer", "backing"].map(|part| read(&format!("parts.stems/{part}.wav")));
    let loudest = |sound: &[f32]| sound.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    // The limiter was at work, and no stem is empty.
    assert!(loudest(&mix) > 0.6, "{}", loudest(&mix));
    assert!(stems.iter().all(|stem| stem.len() == mix.len() && loudest(stem) > 0.02));
    let sum: Vec<f32> = (0..mix.len()).map(|i| stems.iter().map(|stem| stem[i]).sum()).collect();
    let off = mix.iter().zip(&sum).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
    assert!(off < 2e-6, "the sum is off by {off}");
}

#[test]
fn rates_are_exact() {
    for (text, numerator, denominator) in
        [("24000/1001", 24_000_u64, 1001_u64), ("30000/1001", 30_000, 1001), ("120", 120, 1)]
    {
        let fps: Fps = text.parse().unwrap();
        for frame in [1_u64, 1000, 24_000, 30_000, 1_000_000] {
            // The sample nearest to the beginning of the frame, in whole numbers.
            let (n, d) = (u128::from(numerator), u128::from(denominator) * 48_000 * u128::from(frame));
            assert_eq!(u128::from(fps.sample_at(frame, 48_000)), (2 * d + n) / (2 * n), "{text}, frame {frame}");
        }
        let folder = tempdir().unwrap();
        let job = Job { fps, ..job(folder.path(), &["a.wav", "frames"]) };
        let rendered = run(&tune(8.0, 480.0), &job, 1);
        let length = hound::WavReader::open(folder.path().join("a.wav")).unwrap().duration();
        assert_eq!(u64::from(length), fps.sample_at(rendered.frames, 48_000), "{text}");
        assert_eq!(pictures(&folder.path().join("frames")).len() as u64, rendered.frames, "{text}");
        let seconds = rendered.arrangement.tempo.seconds_at(rendered.arrangement.end) + oneiro::render::TAIL_SECONDS;
        let covering = (seconds * numerator as f64 / denominator as f64).ceil() as u64;
        assert_eq!(rendered.frames, covering, "{text}");
    }
}

#[test]
fn a_preview_is_the_frame_of_the_film() {
    let folder = tempdir().unwrap();
    let score = tune(32.0, 120.0);
    let job = job(folder.path(), &["film"]);
    run(&score, &job, 1);
    let Models { melody, painters } = models(1);
    let print =
        preview(Tune::Score(&score, Box::new(melody.into())), painters, "0:12.3".parse().unwrap(), &job, &mut ())
            .unwrap();
    let frame = image::open(folder.path().join("film/frame-000061.png")).unwrap().to_rgb8();
    let off = print.eight().iter().zip(frame.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(off <= Some(1), "{off:?}");
}

#[test]
fn deep_pictures_and_clear_ones_are_the_same_pictures() {
    let folder = tempdir().unwrap();
    let here = folder.path();
    let score = tune(8.0, 480.0);
    run(&score, &job(here, &["eight"]), 1);
    run(&score, &Job { depth: Depth::Sixteen, ..job(here, &["sixteen"]) }, 1);
    run(&score, &Job { alpha: Alpha::Luma, ..job(here, &["clear"]) }, 1);
    let open = |folder: &str| image::open(here.join(folder).join("frame-000010.png")).unwrap();
    let (eight, sixteen, clear) = (open("eight"), open("sixteen"), open("clear"));
    assert_eq!((sixteen.color(), clear.color()), (image::ColorType::Rgb16, image::ColorType::Rgba8));
    let (sixteen, clear) = (sixteen.into_rgb16(), clear.into_rgba8());
    for (pixel, deep) in eight.to_rgb8().pixels().zip(sixteen.pixels()) {
        assert!(pixel.0.iter().zip(deep.0).all(|(a, b)| (f64::from(*a) - f64::from(b) / 257.0).abs() < 0.51));
    }
    assert!(sixteen.iter().filter(|x| *x % 257 != 0).count() > 32 * 24, "eight bits, scaled up");
    for (pixel, clear) in eight.to_rgb8().pixels().zip(clear.pixels()) {
        let over_black = clear.0.map(|x| (u32::from(x) * u32::from(clear.0[3]) + 127) / 255);
        assert!(pixel.0.iter().zip(over_black).all(|(a, b)| u32::from(*a).abs_diff(b) <= 1), "{pixel:?} {clear:?}");
    }
}

#[test]
fn motion_blur_changes_what_moves_and_parts_of_it_are_the_whole() {
    let folder = tempdir().unwrap();
    let here = folder.path();
    let score = tune(8.0, 240.0);
    let blurred = |names: &[&str]| Job { shutter: Shutter { sub_frames: 4, degrees: 360.0 }, ..job(here, names) };
    run(&score, &job(here, &["sharp"]), 1);
    run(&score, &blurred(&["soft"]), 1);
    let mut part = blurred(&["part"]);
    part.excerpt.from = Some("2".parse().unwrap());
    run(&score, &part, 1);
    let [sharp, soft, part] = ["sharp", "soft", "part"].map(|name| pictures(&here.join(name)));
    assert_ne!(sharp[8], soft[8]);
    assert!(part[..] == soft[5..], "bar 2 begins at frame 5");
}
