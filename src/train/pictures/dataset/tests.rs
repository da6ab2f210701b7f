use super::*;
use image::{Rgb, RgbImage};

/// A folder of `count` pictures, each of one grey level and a size of its own.
fn folder(count: u8) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..count {
        let picture = RgbImage::from_pixel(40 + u32::from(n), 30 + u32::from(n % 3), Rgb([n * 10; 3]));
        picture.save(dir.path().join(format!("{n}.png"))).unwrap();
    }
    dir
}

fn options() -> Options {
    Options { size: 8, held_out: 0.0, ..Options::default() }
}

fn greys(batch: &Batch) -> Vec<u8> {
    let one = batch.shape[1..].iter().product();
    batch.data.chunks(one).map(|p| ((p[0] + 1.0) * 12.75).round() as u8).collect()
}

#[test]
fn a_batch_follows_from_seed_and_step_alone() {
    let dir = folder(12);
    let whole = Dataset::open(&[Source::new(dir.path())], &options()).unwrap();
    let unbuffered = Dataset::open(&[Source::new(dir.path())], &Options { cache_bytes: 3000, ..options() }).unwrap();
    for step in 3..9 {
        let batch = whole.batch(7, step, 5).unwrap();
        assert_eq!(batch.shape, [5, 3, 8, 8]);
        assert_eq!(batch, unbuffered.batch(7, step, 5).unwrap(), "step {step}");
    }
    assert_ne!(whole.batch(7, 0, 5).unwrap(), whole.batch(8, 0, 5).unwrap());
}

#[test]
fn no_picture_comes_again_before_all_have_come() {
    let dir = folder(12);
    let set = Dataset::open(&[Source::new(dir.path())], &options()).unwrap();
    for lap in 0..3 {
        let mut seen = greys(&set.sample(Split::Train, 1, lap * 12, 12).unwrap());
        seen.sort_unstable();
        assert_eq!(seen, (0..12).collect::<Vec<_>>(), "lap {lap}");
    }
}

#[test]
fn the_split_stays_when_files_are_renamed_and_added() {
    let dir = folder(20);
    let options = Options { held_out: 0.3, ..options() };
    let greys_of = |set: &Dataset| greys(&set.centres(Split::HeldOut, 0, 99).unwrap());
    let before = greys_of(&Dataset::open(&[Source::new(dir.path())], &options).unwrap());
    std::fs::rename(dir.path().join("3.png"), dir.path().join("other.png")).unwrap();
    std::fs::remove_file(dir.path().join("0.png")).unwrap();
    let after = greys_of(&Dataset::open(&[Source::new(dir.path())], &options).unwrap());
    let expected: Vec<u8> = before.iter().copied().filter(|&g| g != 0).collect();
    assert_eq!(after, expected);
    assert!((2..=11).contains(&before.len()), "{before:?}");
}

#[test]
fn an_artists_pictures_stay_together() {
    let dir = folder(20);
    let objects: Vec<_> = (0..20)
        .map(|n| serde_json::json!({"objectID": n, "artistDisplayName": if n < 12 { "Ada" } else { "Unidentified artist" }}))
        .collect();
    std::fs::write(dir.path().join("objects.json"), serde_json::json!({"objects": objects}).to_string()).unwrap();
    let set = Dataset::open(&[Source::new(dir.path())], &Options { held_out: 0.5, ..options() }).unwrap();
    let held_out = greys(&set.centres(Split::HeldOut, 0, 99).unwrap());
    assert!([0, 12].contains(&held_out.iter().filter(|&&g| g < 12).count()), "{held_out:?}");
    assert!(set.skipped().is_empty());
}

#[test]
fn edges_are_cut_and_mirrors_and_crops_vary() {
    let dir = tempfile::tempdir().unwrap();
    let framed = RgbImage::from_fn(100, 100, |x, y| {
        let inside = (10..90).contains(&x) && (10..90).contains(&y);
        if inside { Rgb([200, (x * 2) as u8, 0]) } else { Rgb([0, 0, 255]) }
    });
    framed.save(dir.path().join("framed.png")).unwrap();
    let source = Source { edge_crop: 0.12, ..Source::new(dir.path()) };
    let set = Dataset::open(&[source], &options()).unwrap();
    let batch = set.sample(Split::Train, 5, 0, 16).unwrap();
    let mut rising = 0;
    for picture in batch.data.chunks(192) {
        assert!(picture[128..].iter().all(|&blue| blue < -0.98), "the frame shows");
        rising += usize::from(picture[64] < picture[71]);
    }
    assert!((1..16).contains(&rising), "{rising} of 16 are not mirrored");
    assert!(batch.data[..192] != batch.data[192..384]);
}

#[test]
fn what_is_no_picture_is_listed_and_a_folder_without_any_is_an_error() {
    let dir = folder(2);
    std::fs::copy(dir.path().join("1.png"), dir.path().join("copy.png")).unwrap();
    std::fs::write(dir.path().join("noise.jpg"), b"not a picture").unwrap();
    std::fs::write(dir.path().join("notes.txt"), b"passed over").unwrap();
    let set = Dataset::open(&[Source::new(dir.path())], &options()).unwrap();
    let reasons: Vec<_> = set.skipped().iter().map(|s| &s.reason).collect();
    assert!(matches!(reasons[..], [Skip::NotAPicture, Skip::Repeated(_)]), "{reasons:?}");
    assert!(matches!(set.sample(Split::HeldOut, 0, 0, 1), Err(Error::EmptySplit(Split::HeldOut, 2))));

    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Dataset::open(&[Source::new(empty.path())], &options()), Err(Error::Empty { .. })));
    let missing = empty.path().join("missing");
    assert!(matches!(Dataset::open(&[Source::new(missing)], &options()), Err(Error::Io { .. })));
    let source = Source { edge_crop: 0.6, ..Source::new(dir.path()) };
    assert!(matches!(Dataset::open(&[source], &options()), Err(Error::Option(_))));
}

#[test]
fn a_fingerprint_stands_for_pictures_and_splits_whatever_files_are_called() {
    let dir = folder(20);
    let of = |held_out| Dataset::open(&[Source::new(dir.path())], &Options { held_out, ..options() }).unwrap();
    let before = of(0.0).fingerprint();
    assert_ne!(of(0.5).fingerprint(), before);
    std::fs::rename(dir.path().join("3.png"), dir.path().join("other.png")).unwrap();
    assert_eq!(of(0.0).fingerprint(), before);
    std::fs::copy(dir.path().join("4.png"), dir.path().join("again.png")).unwrap();
    assert_eq!(of(0.0).fingerprint(), before, "a copy is left out");
    std::fs::remove_file(dir.path().join("5.png")).unwrap();
    assert_ne!(of(0.0).fingerprint(), before);
}

#[test]
fn what_was_said_of_folders_is_told_as_it_was_given() {
    let dir = folder(3);
    let first = Source { edge_crop: 0.08, weight: 3.0, ..Source::new(dir.path()) };
    let set = Dataset::open(&[first, Source::new(dir.path())], &options()).unwrap();
    assert_eq!(set.said_of_folders(), serde_json::json!({"edge_crop": [0.08, 0.0], "weight": [3.0, 1.0]}));
}
