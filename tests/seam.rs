//! The seam between threads, each end by itself; `tests/seam_loom.rs` has both at once.

use oneiro::bridge::{Full, SampleClock, newest, ring};
use oneiro::time::SampleRate;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

#[test]
fn only_the_newest_is_read() {
    let (mut writer, mut reader) = newest(&vec![0_u8; 2]);
    assert!(!reader.is_new());
    writer.write(vec![1; 2]);
    writer.fill(|buffer| buffer.fill(2));
    assert!(reader.is_new());
    assert_eq!(reader.read(), &[2, 2]);
    assert_eq!(reader.read(), &[2, 2]);
}

#[test]
fn a_full_ring_gives_the_newest_back_and_keeps_the_rest_in_order() {
    let (mut tx, mut rx) = ring(3);
    for i in 0..3 {
        tx.send(i).unwrap();
    }
    assert_eq!(tx.send(3), Err(Full(3)));
    assert_eq!([rx.receive(), rx.receive(), rx.receive(), rx.receive()], [Some(0), Some(1), Some(2), None]);
}

#[test]
fn room_for_a_promise_is_kept() {
    let (mut tx, _rx) = ring(4);
    tx.send_leaving(2, 'a').unwrap();
    tx.send_leaving(2, 'b').unwrap();
    assert!(tx.send_leaving(2, 'c').is_err());
    tx.send('A').unwrap();
    tx.send('B').unwrap();
}

#[test]
fn jitter_of_blocks_is_smoothed_and_a_stall_is_followed() {
    let clock = SampleClock::new(SampleRate(48_000));
    assert_eq!((clock.sample_at(5), clock.ns_at(5)), (0, None));
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let start = 7_000_000_000_u64;
    for block in 0..2000_u64 {
        let on_time = start + block * 128 * 1_000_000_000 / 48_000;
        clock.follow(block * 128, on_time + rng.random_range(0..1_000_000));
        if block > 200 {
            // Jitter only delays: its mean is half a millisecond, 24 samples.
            let sample = clock.sample_at(on_time) as f64;
            let off = sample - (block * 128) as f64 + 24.0;
            assert!(off.abs() < 10.0, "block {block}: {off} samples");
        }
    }
    let late = start + 20_000_000_000;
    clock.follow(2000 * 128, late);
    assert_eq!(clock.sample_at(late), 2000 * 128);
    assert_eq!(clock.sample_at(clock.ns_at(300_000).unwrap()), 300_000);
}
