//! An instance without a host's file around it, and what its editor sees.
#![allow(dead_code)] // not every test uses all of it

use nice_plug::midi::{Channel, Key, NoteEvent, VoiceID};
use oneiro::time::SampleRate;
use oneiro_plugin::audio::{Audio, Events, HostTime, Pace};
use oneiro_plugin::parameters::Parameters;
use oneiro_plugin::shared::Shared;
use oneiro_plugin::view::{ModelState, View};
use oneiro_plugin::worker::Worker;
use std::collections::VecDeque;
use std::sync::Arc;

const BLOCK: usize = 600;
/// Samples of a quarter note.
const BEAT: usize = 12_000;

/// An instance and its host, offline: audio waits for the composer.
pub struct Desk {
    pub shared: Arc<Shared>,
    parameters: Parameters,
    audio: Audio,
    _worker: Worker,
    now: usize,
    input: VecDeque<NoteEvent<()>>,
    /// Keys of answers, with the beats at which they began.
    pub answers: Vec<(f64, u8)>,
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
    pub fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let parameters = Parameters::new(Arc::clone(&shared));
        let (mut audio, ends, _relayed) = Audio::prepare(Arc::clone(&shared), SampleRate(24_000), BLOCK);
        audio.prepare_again(SampleRate(24_000), BLOCK, Pace::Offline);
        let worker = Worker::spawn(Arc::clone(&shared), ends).unwrap();
        audio.wakes(worker.thread().cloned());
        Self { shared, parameters, audio, _worker: worker, now: 0, input: VecDeque::new(), answers: Vec::new() }
    }

    /// Plays up to a beat. In bars 1 and 2, 5 and 6 and so on, a key is struck on each beat.
    pub fn play_to(&mut self, beat: usize) {
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

    pub fn look(&self) -> View {
        let mut view = View::default();
        self.shared.look(&mut view);
        view
    }

    pub fn file(&self, place: usize) -> String {
        match &self.look().models[place] {
            ModelState::Ready { file, .. } => file.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub fn told(&self, text: &str) -> bool {
        self.look().notices.iter().any(|notice| notice.text.contains(text))
    }
}
