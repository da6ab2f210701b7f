//! The audio callback neither allocates nor frees: the process aborts where it does.

mod live_support;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use live_support::{Rig, transport};
use oneiro::bridge::{Part, Plan, Scheduled, SecondTones};
use oneiro::live::{PlayerEvent, PlayerKind};
use oneiro::time::Beats;

#[global_allocator]
static GUARD: AllocDisabler = AllocDisabler;

#[test]
fn playing_never_allocates() {
    let mut rig = Rig::new();
    let (mut left, mut right) = ([0.0_f32; 512], [0.0_f32; 512]);
    let mut pos = 0.0;
    for block in 0..400_u32 {
        for i in 0..6_u8 {
            let note = Scheduled {
                at: Beats(pos + f64::from(i) * 0.03),
                duration: Beats(0.7),
                part: Part::ALL[usize::from(i % 2)],
                pitch: 40 + ((block * 7 + u32::from(i) * 5) % 60) as u8,
                velocity: 90,
            };
            let _ = rig.composer.plan(Plan::Note { epoch: rig.performer.epoch(), note });
        }
        let tones = SecondTones { intervals: [[-3, 4]; 12], range: (0, 127), gain: 0.8, curve: 1.5 };
        let second = Plan::Second { epoch: rig.performer.epoch(), at: Beats(pos), tones: Some(tones) };
        let _ = rig.composer.plan(second);
        let held = PlayerKind::NoteOn { pitch: (block % 127) as u8, velocity: 100 };
        let kind = if block % 50 == 49 { PlayerKind::Panic } else { held };
        let events = [PlayerEvent { sample_offset: 100, kind }];
        if block % 70 == 69 {
            pos -= 1.0;
        }
        let now = transport(block % 90 < 85, pos, 120.0);
        assert_no_alloc(|| rig.performer.process(&now, &events, &mut left, &mut right));
        pos += 512.0 / 24_000.0;
    }
    assert_no_alloc(|| rig.performer.reset());
    assert!(rig.watcher.counters.voices_stolen.get() > 0, "the test reaches voice stealing");
}
