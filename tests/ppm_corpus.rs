//! The corpus keeps like with like, and the counting models measure what they say.

use oneiro::music::encoding::EncodedTune;
use oneiro::music::{Melody, MelodyEvent};
use oneiro::time::TimeSignature;
use oneiro::train::corpus::{Corpus, CorpusError, CorpusReport, CorpusTune};
use oneiro::train::ppm::evaluate_baselines;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;

/// A tune of eighths and quarters that walks a scale, from a seed.
fn tune(seed: u64, notes: usize) -> Melody {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let scale = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79];
    let mut at = 5usize;
    let events = (0..notes).map(|_| {
        at = at.saturating_add_signed(random.random_range(-2i32..=2) as isize).min(scale.len() - 1);
        MelodyEvent { pitch: Some(scale[at]), steps: if random.random_bool(0.3) { 24 } else { 12 } }
    });
    Melody { title: format!("seed {seed}"), metre: TimeSignature::COMMON, start_step: 0, events: events.collect() }
}

fn transposed(mut tune: Melody, by: u8) -> Melody {
    tune.events.iter_mut().for_each(|e| e.pitch = e.pitch.map(|p| p + by));
    tune
}

/// Once as it is, and played twice over.
fn repeated(once: &Melody) -> CorpusTune {
    let mut played = once.clone();
    played.events.extend_from_within(..);
    let coded = |melody| EncodedTune::new(melody).unwrap();
    CorpusTune { title: once.title.clone(), origin: String::new(), played: coded(&played), once: coded(once) }
}

#[test]
fn near_duplicates_share_a_split_and_copies_are_left_out() {
    let mut tunes = Vec::new();
    for seed in 0..60 {
        let original = tune(seed, 40);
        let mut variant = transposed(original.clone(), 5);
        variant.events[20].pitch = Some(61);
        tunes.extend([original.clone(), variant, transposed(original, 2)].map(|t| repeated(&t)));
    }
    let corpus = Corpus::split(tunes, CorpusReport::default());
    assert_eq!((corpus.report.duplicates, corpus.report.families), (60, 60), "seeds 0 to 59");
    for part in [&corpus.train, &corpus.validation, &corpus.test] {
        for tune in part {
            assert_eq!(part.iter().filter(|t| t.title == tune.title).count(), 2, "{}", tune.title);
        }
    }
}

#[test]
fn the_split_is_the_same_in_whatever_order_tunes_are_met() {
    for families in [40, 260] {
        let mut tunes = Vec::new();
        for seed in 0..families {
            let original = tune(seed, 40);
            let mut variant = original.clone();
            variant.events[20].pitch = Some(61);
            tunes.extend([original, variant].map(|t| repeated(&t)));
        }
        let parts = |tunes: Vec<CorpusTune>| {
            let corpus = Corpus::split(tunes, CorpusReport::default());
            [corpus.train, corpus.validation, corpus.test].map(|part| {
                let mut titles = part.into_iter().map(|t| t.title).collect::<Vec<_>>();
                titles.sort();
                titles
            })
        };
        let there = parts(tunes.clone());
        tunes.reverse();
        assert_eq!(there, parts(tunes), "{families} families");
        assert!(there.iter().all(|part| !part.is_empty()));
    }
}

#[test]
fn tunes_of_one_origin_are_one_family() {
    let voices = (0..30).map(|seed| CorpusTune { origin: format!("{}.mid", seed / 3), ..repeated(&tune(seed, 40)) });
    let corpus = Corpus::split(voices.collect(), CorpusReport::default());
    assert_eq!((corpus.report.families, corpus.report.largest_family), (10, 3), "seeds 0 to 29");
}

#[test]
fn a_folder_without_tunes_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.abc"), "nothing").unwrap();
    let error = Corpus::open(&[folder.path().to_owned()]).unwrap_err();
    assert!(matches!(&error, CorpusError::Empty { report, .. } if report.files == 1 && report.unreadable.len() == 1));
    assert!(error.to_string().contains(&folder.path().display().to_string()));
    assert!(matches!(Corpus::open(&[folder.path().join("missing")]), Err(CorpusError::Io { .. })));
}

#[test]
fn a_memory_of_the_tune_pays_where_tunes_repeat_themselves() {
    let tunes = (0..150).map(|seed| repeated(&tune(seed, 24))).collect();
    let corpus = Corpus::split(tunes, CorpusReport::default());
    assert!(!corpus.test.is_empty() && !corpus.validation.is_empty());
    let told = RefCell::new(Vec::new());
    let report = evaluate_baselines(&corpus, &|share| told.borrow_mut().push(share));
    let told = told.into_inner();
    assert!(told.is_sorted() && told.last() == Some(&1.0), "{told:?}");
    let notes: usize = corpus.test.iter().map(|t| t.played.notes()).sum();
    assert_eq!(report.played.test_notes, notes);
    // A step of five equally likely ones and a length of 30 to 70: log2(5) + H(0.3) = 3.2 bits, less at the edges.
    let once = report.once.long_term;
    assert!((2.6..4.2).contains(&once.bits_per_note), "{once:?}");
    assert!((once.duration + once.pitch + once.first_pitch - once.bits_per_note).abs() < 1e-9);
    assert!(report.played.mixed.bits_per_note < 0.9 * report.played.long_term.bits_per_note, "{:?}", report.played);
}
