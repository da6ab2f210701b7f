//! Models come and go while an instance plays: what is planned is played, what was captured and played before stays, and
//! what is missing is told while the one before plays on.

use nice_plug::midi::{Channel, Key, NoteEvent, VoiceID};
use oneiro::compose::{Corner, Order};
use oneiro::model::spec::Kind;
use oneiro::time::SampleRate;
use oneiro_plugin::audio::{Audio, Events, HostTime, Pace};
use oneiro_plugin::parameters::Parameters;
use oneiro_plugin::shared::Shared;
use oneiro_plugin::state::{ModelMark, Wanted};
use oneiro_plugin::view::{ModelState, View, Wish};
use oneiro_plugin::worker::Worker;
use std::collections::VecDeque;
use std::sync::Arc;

const BLOCK: usize = 600;
/// Samples of a quarter note.
const BEAT: usize = 12_000;

/// An instance and its host, offline: audio waits for the composer.
struct Desk {
    shared: Arc<Shared>,
    parameters: Parameters,
    audio: Audio,
    _worker: Worker,
    now: usize,
    input: VecDeque<NoteEvent<()>>,
    /// Keys of answers, with the beats at which they began.
    answers: Vec<(f64, u8)>,
}

struct Ports<'a>(&'a mut VecDeque<NoteEvent<()>>, Vec<NoteEvent<()>>);

impl Events for Ports<'_> {
    fn next(&mut self) -> Option<NoteEvent<()>> {
        self.0.pop_front()
    }

    fn send(&mut self, event: NoteEvent<()>) -> bool {
        self.1.push(event);
        true
    }
}

impl Desk {
    fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let parameters = Parameters::new(Arc::clone(&shared));
        let (mut audio, ends, _relayed) = Audio::prepare(Arc::clone(&shared), SampleRate(24_000), BLOCK);
        audio.prepare_again(SampleRate(24_000), BLOCK, Pace::Offline);
        let worker = Worker::spawn(Arc::clone(&shared), ends).unwrap();
        audio.wakes(worker.thread().cloned());
        Self { shared, parameters, audio, _worker: worker, now: 0, input: VecDeque::new(), answers: Vec::new() }
    }

    /// Plays up to a beat. In bars 1 and 2, 5 and 6 and so on, a key is struck on each beat.
    fn play_to(&mut self, beat: usize) {
        while self.now < beat * BEAT {
            let here = self.now as f64 / BEAT as f64;
            if self.now.is_multiple_of(BEAT) && here % 16.0 < 8.0 {
                let key = Key::Number([60, 62, 64, 67, 65, 64, 62, 60][here as usize % 8]);
                let (timing, voice_id, channel) = (0, VoiceID::Wildcard, Channel::Number(0));
                self.input.push_back(NoteEvent::NoteOn { timing, voice_id, channel, key, velocity: 0.7 });
                let timing = BLOCK as u32 - 1;
                self.input.push_back(NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.0 });
            }
            let time = HostTime { playing: true, tempo: Some(120.0), metre: Some((4, 4)), pos_beats: Some(here) };
            let mut ports = Ports(&mut self.input, Vec::new());
            self.audio.play(&self.parameters, &time, BLOCK, None, &mut ports);
            for event in ports.1 {
                if let NoteEvent::NoteOn { timing, channel: Channel::Number(1), key: Key::Number(key), .. } = event {
                    self.answers.push((here + f64::from(timing) / BEAT as f64, key));
                }
            }
            self.now += BLOCK;
        }
    }

    fn look(&self) -> View {
        let mut view = View::default();
        self.shared.look(&mut view);
        view
    }

    fn file(&self, place: usize) -> String {
        match &self.look().models[place] {
            ModelState::Ready { file, .. } => file.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn told(&self, text: &str) -> bool {
        self.look().notices.iter().any(|notice| notice.text.contains(text))
    }
}

#[test]
fn a_model_takes_anothers_place_from_the_next_phrase_on_and_everything_else_stays() {
    let mut desk = Desk::new();
    desk.play_to(7);
    desk.shared.wish(Wish::Order(Order::Capture(Corner::B)));
    // In the middle of the first answer.
    desk.play_to(11);
    assert_eq!(desk.file(0), "melody-rnn");
    let (before, history) = (desk.file(1), desk.look().seen.status.history);
    assert_eq!(history, (1, 1));
    let captured = desk.look().captured;
    assert!(captured[Corner::B as usize].is_some());
    let other = if before == "melody-vae-2" { "melody-vae-4" } else { "melody-vae-2" };
    desk.shared.wish(Wish::Choose(Kind::MelodyVae, Some(other.to_owned())));
    desk.play_to(23);
    assert_eq!(desk.file(1), other);
    assert_eq!((desk.look().seen.status.history, desk.look().captured), ((1, 1), captured.clone()));
    let mut alone = Desk::new();
    alone.play_to(23);
    assert_eq!(desk.answers, alone.answers, "the answer is not played to its end");
    assert!(matches!(&desk.shared.kept().models[1], Wanted::Model(mark) if mark.file == format!("{other}.onnx")));

    // Another than is here: it is told, the project goes on wanting it, and what plays plays on.
    let missing = ModelMark { name: "Lost".into(), file: "lost.onnx".into(), sha256: "00".repeat(32) };
    desk.shared.kept().models[1] = Wanted::Model(missing.clone());
    desk.shared.wish(Wish::LookAgain);
    desk.play_to(26);
    assert!(desk.told("the project's model Lost"), "{:?}", desk.look().notices);
    assert_eq!(desk.shared.kept().models[1], Wanted::Model(missing));
    desk.shared.wish(Wish::Choose(Kind::MelodyRnn, Some("melody-nobody".to_owned())));
    desk.play_to(28);
    assert!(desk.told("there is no model file melody-nobody.onnx"), "{:?}", desk.look().notices);
    assert_eq!(desk.file(0), "melody-rnn");

    // None at all, and the usual one again.
    desk.shared.wish(Wish::Choose(Kind::MelodyVae, None));
    desk.shared.wish(Wish::Choose(Kind::MelodyRnn, None));
    desk.play_to(30);
    assert_eq!(desk.look().models, [ModelState::Off, ModelState::Off]);
    let silent = desk.answers.len();
    desk.play_to(48);
    assert!(desk.answers[silent..].iter().all(|(at, _)| *at < 30.5), "{:?}", desk.answers);
    desk.shared.wish(Wish::Choose(Kind::MelodyRnn, Some("melody-rnn".to_owned())));
    desk.play_to(64);
    assert_eq!(desk.file(0), "melody-rnn");
    assert!(desk.answers.iter().any(|(at, _)| *at >= 56.0), "{:?}", desk.answers);
    assert_eq!(desk.look().captured, captured);
}
