//! Others in the room that are no instances of ours, or broken ones: they are passed over, and the sound one is followed.

mod link_support;

use iceoryx2::prelude::{
    AllocationStrategy, AttributeSpecifier, Config, FileName, LogLevel, NodeBuilder, Path, SemanticString as _,
    ServiceName, SignalHandlingMode, ipc, set_log_level,
};
use iceoryx2::service::attribute::{AttributeKey, AttributeValue};
use link_support::{Alone, own_part};
use oneiro::link::{Choice, Listener, Merge, Mirror, Room, Tidings, instances};
use oneiro::moment::now_ns;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

fn config(room: &Room) -> Config {
    set_log_level(LogLevel::Fatal);
    let mut config = Config::default();
    let corner = room.folder().join(format!("{}-evil", std::process::id()));
    std::fs::create_dir_all(&corner).unwrap();
    config.global.set_root_path(&Path::new(corner.to_str().unwrap().as_bytes()).unwrap());
    config.global.prefix = FileName::new(room.prefix().as_bytes()).unwrap();
    config
}

/// Offers services as an instance would, and sends garbage through them until it is killed.
fn send_garbage(seed: u64) {
    let config = config(&Room::usual().unwrap());
    let node = NodeBuilder::new().config(&config).signal_handling_mode(SignalHandlingMode::Disabled);
    let node = node.create::<ipc::Service>().unwrap();
    let key = AttributeKey::new(b"name").unwrap();
    let about = AttributeSpecifier::new().define(&key, &AttributeValue::new(b"evil\x1b[2J\n%ff%0a").unwrap()).unwrap();
    let name = |end: &str| ServiceName::new(&format!("oneiro/1/666-evil/{end}")).unwrap();
    let watch = node.service_builder(&name("watch")).publish_subscribe::<[u8]>().max_publishers(4).create().unwrap();
    let show = node.service_builder(&name("show")).publish_subscribe::<[u8]>().subscriber_max_buffer_size(64);
    let show = show.create_with_attributes(&about).unwrap();
    let sender = show.publisher_builder().initial_max_slice_len(4096);
    let sender = sender.allocation_strategy(AllocationStrategy::Static).create().unwrap();
    // One that says of itself that it sends something else, and one without the other half.
    let other = ServiceName::new("oneiro/1/667-other/show").unwrap();
    let _other = node.service_builder(&other).publish_subscribe::<u64>().create().unwrap();
    let half = ServiceName::new("oneiro/1/668-half/show").unwrap();
    let _half = node.service_builder(&half).publish_subscribe::<[u8]>().create().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    println!("ready");
    loop {
        let mut bytes = vec![0; rng.random_range(0..600)];
        rng.fill_bytes(&mut bytes);
        if rng.random() && bytes.len() > 8 {
            bytes[..8].copy_from_slice(b"Onei\x01\0\x01\0");
        }
        sender.loan_slice_uninit(bytes.len()).unwrap().write_from_slice(&bytes).send().unwrap();
        drop(watch.subscriber_builder().create());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn part() {
    match own_part() {
        Some((part, seed)) if part == "garbage" => send_garbage(seed.parse().unwrap()),
        Some((part, _)) if part == "follow" => follow(),
        _ => {}
    }
}

fn follow() {
    let listener = Listener::spawn(Choice::All, Mirror::default());
    let (mut merge, mut events, began) = (Merge::default(), Vec::new(), Instant::now());
    let mut led = 0;
    while began.elapsed() < Duration::from_secs(60) && led < 100 {
        std::thread::sleep(Duration::from_millis(5));
        while let Some(tidings) = listener.next() {
            match tidings {
                Tidings::Joined(line, found) => {
                    assert!(!found.name.contains(['\x1b', '\n']), "{found:?}");
                    merge.join(line, found);
                }
                Tidings::Left(line) => merge.leave(line),
                Tidings::Told { line, read_ns, pulse } => merge.take(line, pulse, read_ns),
                Tidings::Problem(reason) => panic!("{reason}"),
            }
        }
        events.clear();
        let at = merge.advance(now_ns(), &mut events);
        assert!(at.is_none_or(|at| at.beats.is_finite()) && events.iter().all(|e| e.pos_beats.is_finite()));
        led += usize::from(merge.about(now_ns()).is_some_and(|(found, _)| found.name == "sound"));
    }
    assert_eq!(led, 100, "the sound one does not lead");
}

#[test]
fn garbage_is_passed_over_and_the_sound_one_is_followed() {
    let alone = Alone::new();
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let garbage = alone.part("garbage", &seed.to_string());
    garbage.until(|line| line.contains("ready"));
    // Files that are no service's.
    let services = alone.room().folder().join(format!("{}-evil", garbage.id())).join("services");
    for (name, text) in [("oneiro_x.service", "garbage"), ("hello.txt", ""), ("oneiro_0123456789.service", "a = [[[")] {
        let name = name.replace("oneiro_", alone.room().prefix());
        std::fs::write(services.join(name), text).unwrap();
    }
    for odd in ["1", "-", "x-y", "4294967295-0", "99999999999-0"] {
        std::fs::create_dir(alone.room().folder().join(odd)).unwrap();
    }
    std::fs::write(alone.room().folder().join("7-file"), "").unwrap();
    let _sound = alone.player("sound");
    assert!(alone.part("follow", "").ends_well(), "seed {seed}");
    let names: Vec<_> = instances(&alone.room()).unwrap().into_iter().map(|found| found.id).collect();
    assert!(names.contains(&"666-evil".to_owned()) && names.len() >= 2, "{names:?}");
}
