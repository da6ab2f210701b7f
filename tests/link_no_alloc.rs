//! Audio does not wait for other programs: it neither allocates nor frees, and where nobody reads what it tells, that is counted.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use oneiro::bridge::{ShowKind, Stage, relay};
use oneiro::live::{Performer, PlayerEvent, PlayerKind, Setup};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};

#[global_allocator]
static GUARD: AllocDisabler = AllocDisabler;

#[test]
fn a_full_relay_is_counted_and_never_waited_for() {
    let rate = SampleRate(48_000);
    let Stage { audio, .. } = Stage::default();
    let (sender, mut receiver) = relay(rate);
    let mut performer = Performer::prepare(Setup::new(rate), audio).with_relay(sender);
    let (mut left, mut right) = ([0.0_f32; 64], [0.0_f32; 64]);
    let mut pos = 0.0;
    for block in 0..4000_u32 {
        let pitch = (block % 100) as u8;
        let events = [
            PlayerEvent { sample_offset: 3, kind: PlayerKind::NoteOn { pitch, velocity: 90 } },
            PlayerEvent { sample_offset: 60, kind: PlayerKind::NoteOff { pitch } },
        ];
        let time_signature = TimeSignature::COMMON;
        let transport = Transport { playing: true, pos_beats: Beats(pos), tempo: Bpm(120.0), time_signature };
        assert_no_alloc(|| {
            performer.begins_at(1_000_000_000 + u64::from(block) * 64 * 1_000_000_000 / 48_000);
            performer.process(&transport, &events, &mut left, &mut right);
        });
        pos += 64.0 / 24_000.0;
    }
    assert!(receiver.dropped() > 2000, "{}", receiver.dropped());
    let last = receiver.now();
    assert!((last.clock.pos_beats.0 - pos).abs() < 1e-6 && last.ns > 0);
    let (mut on, mut off, mut before) = (0, 0, 0);
    while let Some(shown) = receiver.receive() {
        assert!(shown.ns >= before, "moments run backwards");
        before = shown.ns;
        match shown.event.kind {
            ShowKind::NoteOn { .. } => on += 1,
            ShowKind::NoteOff { .. } => off += 1,
            _ => {}
        }
    }
    // Room is kept for ends.
    assert!(on > 1000 && off >= on, "{on} {off}");
    // Faster than time nothing is told.
    performer.set_relayed(false);
    let transport =
        Transport { playing: false, pos_beats: Beats(0.0), tempo: Bpm(90.0), time_signature: TimeSignature::COMMON };
    performer.process(&transport, &[], &mut left, &mut right);
    assert!(receiver.receive().is_none());
}
