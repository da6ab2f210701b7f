//! How much of its block the audio callback needs. The best of several measurements counts: a busy machine makes the
//! others slow, not this code.

mod live_support;

use live_support::Rig;
use oneiro::bridge::Part;
use std::time::Instant;

const BLOCK: usize = 64;
const BLOCKS: usize = 40;

#[test]
fn sixteen_voices_need_less_than_a_tenth_of_their_block() {
    let mut rig = Rig::new();
    for i in 0..16 {
        rig.note(Part::ALL[usize::from(i % 2)], 0.0, 60.0, 45 + 3 * i, 90);
    }
    rig.play(0.5);
    assert_eq!(rig.performer.voices(), 16);
    let (mut left, mut right) = ([0.0_f32; BLOCK], [0.0_f32; BLOCK]);
    let mut best = f64::INFINITY;
    for _ in 0..25 {
        let begin = Instant::now();
        for _ in 0..BLOCKS {
            let now = rig.transport(rig.played);
            rig.performer.process(&now, &[], &mut left, &mut right);
            rig.played += BLOCK;
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    let share = best * f64::from(rig.rate) / (BLOCKS * BLOCK) as f64;
    println!("16 voices, blocks of 64 at 48 kHz: {:.2} % of the block", 100.0 * share);
    assert!(share < 0.1, "{:.1} % of the block", 100.0 * share);
}
