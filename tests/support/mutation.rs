//! Inputs as an adversary makes them: sound ones with bytes changed, taken out, repeated, put in or cut off, and bytes by chance.
//! `ONEIRO_FUZZ_SEED` repeats a run, `ONEIRO_FUZZ_CASES` tries more. `ONEIRO_FUZZ_CORPUS` names a folder that takes the sound inputs,
//! for the targets in `fuzz/` to begin with.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

/// Pieces that readers stumble over.
const PIECES: [&[u8]; 16] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"99999999999999999999",
    b"-1",
    b"1e999",
    b"nan",
    b"null",
    b"[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":",
    b"\"\"",
    b"\n",
    "\u{202e}\u{1F3B9}".as_bytes(),
    b"../../../etc/passwd",
    b"%s%n",
];

#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    Remove(Index, usize),
    Repeat(Index, usize, usize),
    Insert(Index, usize),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        1 => (at(), 1..64_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (at(), 1..64_usize, 1..40_usize).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        2 => (at(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        1 => at().prop_map(Change::Cut),
    ]
}

fn apply(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            return bytes;
        }
        let length = bytes.len();
        match change {
            Change::Set(at, byte) => bytes[at.index(length)] = *byte,
            Change::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Change::Remove(at, count) => {
                let at = at.index(length);
                bytes.drain(at..(at + count).min(length));
            }
            Change::Repeat(at, count, times) => {
                let at = at.index(length);
                let piece = bytes[at..(at + count).min(length)].repeat(*times);
                bytes.splice(at..at, piece);
            }
            Change::Insert(at, piece) => {
                let at = at.index(length);
                bytes.splice(at..at, PIECES[*piece].iter().copied());
            }
            Change::Cut(at) => bytes.truncate(at.index(length)),
        }
    }
    bytes
}

/// Inputs that are almost sound, and some that never were.
fn hostile(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let almost = (prop::sample::select(seeds), prop::collection::vec(change(), 0..10));
    prop_oneof![
        9 => almost.prop_map(|(seed, changes)| apply(seed, &changes)),
        1 => prop::collection::vec(any::<u8>(), 0..400),
    ]
}

/// Tries a reader with its sound inputs, and with hostile ones. A failure prints the seed, and the smallest bytes that fail.
pub fn try_hostile(name: &str, cases: u32, holds: fn(&[u8]), seeds: Vec<Vec<u8>>) {
    seeds.iter().for_each(|seed| holds(seed));
    if let Some(corpus) = std::env::var_os("ONEIRO_FUZZ_CORPUS") {
        let folder = std::path::Path::new(&corpus).join(name);
        std::fs::create_dir_all(&folder).expect("a folder for the corpus");
        for (number, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed).expect("a file of the corpus");
        }
    }
    let given = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = given("ONEIRO_FUZZ_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let cases = given("ONEIRO_FUZZ_CASES").and_then(|cases| cases.try_into().ok()).unwrap_or(cases);
    println!("{name}: ONEIRO_FUZZ_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tried = runner.run(&hostile(seeds), |bytes| {
        holds(&bytes);
        Ok(())
    });
    if let Err(e) = tried {
        panic!("{name}, ONEIRO_FUZZ_SEED={seed}: {e}");
    }
}
