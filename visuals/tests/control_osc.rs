//! OSC through real sockets: what is told is done, what happens is told, and garbage does nothing.

#[path = "support/show.rs"]
mod show;

use oneiro::bridge::{Part, ShowEvent, ShowKind};
use oneiro_visuals::control::HubOptions;
use oneiro_visuals::control::cues::CueList;
use oneiro_visuals::control::osc::{OscIn, OscOut};
use oneiro_visuals::show::controls::Control;
use oneiro_visuals::sources::{Dream, Feed, Osc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType, encoder};
use show::{play, play_to};
use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::time::{Duration, Instant, SystemTime};

fn message(addr: &str, args: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage { addr: addr.into(), args })
}

#[test]
fn what_is_told_is_done_at_its_time_and_garbage_does_nothing() {
    let seed: u64 = rand::rng().random();
    eprintln!("seed {seed}");
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let cues = CueList::parse("[[cue]]\nname = 'wide'\nwhen = 'now'\nset = { zoom = 0.5 }\n[[cue]]\nname = 'near'\nwhen = 'beat'\nset = { zoom = 3.5 }").unwrap();
    let show = play(HubOptions::default(), cues);
    let osc = OscIn::open(([127, 0, 0, 1], 0).into(), show.handle.clone()).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tell = |packet: &OscPacket| {
        socket.send_to(&encoder::encode(packet).unwrap(), osc.address()).unwrap();
    };
    tell(&message("/oneiro/zoom", vec![OscType::Float(2.0)]));
    tell(&message("/oneiro/hue/normalized", vec![OscType::Float(0.75)]));
    tell(&message("/oneiro/switch-at", vec![OscType::String("now".into())]));
    tell(&message("/oneiro/scene", vec![OscType::String("marble".into())]));
    show.until("values and a scene", |now| {
        now.settings.get(Control::Zoom) == 2.0
            && now.settings.get(Control::Hue) == 0.25
            && now.lists.scenes[now.scene].name == "marble"
    });
    let told = Instant::now();
    let at = SystemTime::now() + Duration::from_millis(300);
    tell(&OscPacket::Bundle(OscBundle {
        timetag: OscTime::try_from(at).unwrap(),
        content: vec![message("/oneiro/zoom", vec![OscType::Float(1.25)])],
    }));
    show.until("what was for later", |now| now.settings.get(Control::Zoom) == 1.25);
    assert!(told.elapsed() > Duration::from_millis(280), "it came {:?} later", told.elapsed());
    for packet in 0..2000 {
        // The system drops packets for which nobody has had time.
        if packet % 20 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        let length = dice.random_range(0..200);
        let mut bytes: Vec<u8> = (0..length).map(|_| dice.random()).collect();
        if dice.random_bool(0.7) {
            bytes = encoder::encode(&message("/oneiro/zoom", vec![OscType::Int(9)])).unwrap();
            let place = dice.random_range(0..10);
            bytes[place] = dice.random();
        }
        socket.send_to(&bytes, osc.address()).unwrap();
    }
    // What comes after all that finds room at some time; what may come only once is told then.
    show.until("an order after the garbage", |now| {
        tell(&message("/oneiro/hue/normalized", vec![OscType::Float(0.5)]));
        now.settings.get(Control::Hue) == 0.0
    });
    tell(&message("/oneiro/go", vec![]));
    show.until("the first cue", |now| now.cues.at == Some(0) && now.settings.get(Control::Zoom) == 0.5);
    tell(&message("/oneiro/cue", vec![OscType::String("near".into())]));
    show.until("the second, on its beat", |now| now.cues.at == Some(1) && now.settings.get(Control::Zoom) == 3.5);
    assert!(osc.useless() > 0);
}

#[test]
fn what_happens_is_told_with_its_types() {
    let mut show = play(HubOptions::default(), CueList::default());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let events = show.events.take().unwrap();
    let _osc = OscOut::open(socket.local_addr().unwrap(), &show.handle, events).unwrap();
    show.handle.order(oneiro_visuals::control::Order::Set(Control::Glow, 2.0));
    let mut told: BTreeMap<String, Vec<OscType>> = BTreeMap::new();
    let mut bytes = [0; 2048];
    let wanted = [
        ("/oneiro/music/beat", "i"),
        ("/oneiro/music/bar", "i"),
        ("/oneiro/music/tempo", "f"),
        ("/oneiro/music/chord", "sii"),
        ("/oneiro/music/energy", "f"),
        ("/oneiro/music/note/on", "sii"),
        ("/oneiro/show/scene", "is"),
        ("/oneiro/glow", "f"),
    ];
    let end = Instant::now() + Duration::from_secs(60);
    let done = |told: &BTreeMap<String, Vec<OscType>>| {
        wanted.iter().all(|(address, _)| told.contains_key(*address)) && told["/oneiro/glow"] == [OscType::Float(2.0)]
    };
    while !done(&told) {
        assert!(Instant::now() < end, "{told:?}");
        let (length, _) = socket.recv_from(&mut bytes).unwrap();
        if let (_, OscPacket::Message(message)) = rosc::decoder::decode_udp(&bytes[..length]).unwrap() {
            told.insert(message.addr, message.args);
        }
    }
    for (address, types) in wanted {
        let kinds: String = told[address]
            .iter()
            .map(|argument| match argument {
                OscType::Int(_) => 'i',
                OscType::Float(_) => 'f',
                OscType::String(_) => 's',
                _ => '?',
            })
            .collect();
        assert_eq!(kinds, types, "{address}");
    }
}

#[test]
fn notes_and_beats_are_played_by_osc() {
    // As the music, and over other music.
    let feeds: [Box<dyn Feed>; 2] = [Box::new(Osc::new(120.0)), Box::new(Dream::new(1, 120.0))];
    for (own, feed) in [true, false].into_iter().zip(feeds) {
        let mut show = play_to(HubOptions::default(), CueList::default(), feed);
        let events = show.events.take().unwrap();
        let osc = OscIn::open(([127, 0, 0, 1], 0).into(), show.handle.clone()).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let tell = |address: &str, numbers: &[i32]| {
            let packet = message(address, numbers.iter().map(|number| OscType::Int(*number)).collect());
            socket.send_to(&encoder::encode(&packet).unwrap(), osc.address()).unwrap();
        };
        for (pitch, velocity) in [(3, 101), (6, 102), (10, 103), (200, 1), (6, 0)] {
            tell("/oneiro/note", &[pitch, velocity]);
        }
        let end = Instant::now() + Duration::from_secs(60);
        let mut heard: Vec<ShowEvent> = Vec::new();
        let is = |event: &&ShowEvent| matches!(event.kind, ShowKind::NoteOff { part: Part::Call, pitch: 6 });
        while heard.iter().find(is).is_none() {
            assert!(Instant::now() < end, "{heard:?}");
            heard.extend(events.recv_timeout(Duration::from_millis(100)));
        }
        let notes: Vec<(u8, u8)> = heard
            .iter()
            .filter_map(|event| match event.kind {
                ShowKind::NoteOn { part: Part::Call, pitch, velocity } => Some((pitch, velocity)),
                _ => None,
            })
            .collect();
        assert_eq!(notes, [(3, 101), (6, 102), (10, 103)]);
        assert_eq!(osc.useless(), 1);
        if !own {
            continue;
        }
        assert!(heard.iter().any(|event| matches!(event.kind, ShowKind::Chord { .. })), "{heard:?}");
        let (mut number, mut next) = (0, Instant::now());
        show.until("the tempo of the beats", |now| {
            if next <= Instant::now() {
                tell("/oneiro/beat", &[number % 4 + 1]);
                number += 1;
                next += Duration::from_millis(250);
            }
            number > 8 && (215.0..265.0).contains(&now.music.tempo)
        });
        tell("/oneiro/beat", &[1]);
        show.until("the first of a bar", |now| now.music.beat == 1 && now.music.playing);
        tell("/oneiro/tempo", &[90]);
        show.until("a tempo that is told", |now| now.music.tempo == 90.0);
    }
}
