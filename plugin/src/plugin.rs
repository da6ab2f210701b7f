//! The plugin as nice-plug knows it: what it is called, and which calls lead where.

use crate::audio::{Audio, Events, HostTime, Pace};
use crate::editor::OneiroEditor;
use crate::linked::publish;
use crate::parameters::{Knob, Parameters, place};
use crate::presets;
use crate::shared::Shared;
use crate::state::filter;
use crate::worker::Worker;
use nice_plug::prelude::*;
use oneiro::link::Publisher;
use oneiro::time::SampleRate;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What kind of plugin it is to the host.
pub trait Flavour: Default + Send + 'static {
    /// Its name.
    const NAME: &'static str;
    /// Its name among CLAP plugins, for ever.
    const CLAP_ID: &'static str;
    /// What hosts sort it by.
    const FEATURES: &'static [ClapFeature];
    /// Its audio.
    const LAYOUTS: &'static [AudioIOLayout];
}

/// An instrument: stereo and MIDI out. What every host can load.
#[derive(Debug, Default)]
pub struct Instrument;

/// A note effect without audio, for hosts that chain it before an instrument.
#[derive(Debug, Default)]
pub struct NoteEffect;

impl Flavour for Instrument {
    const NAME: &'static str = "Oneiro";
    const CLAP_ID: &'static str = "org.oneiro.oneiro";
    const FEATURES: &'static [ClapFeature] =
        &[ClapFeature::Instrument, ClapFeature::Synthesizer, ClapFeature::Stereo, ClapFeature::NoteEffect];
    const LAYOUTS: &'static [AudioIOLayout] =
        &[AudioIOLayout { main_output_channels: NonZeroU32::new(2), ..AudioIOLayout::const_default() }];
}

impl Flavour for NoteEffect {
    const NAME: &'static str = "Oneiro Notes";
    const CLAP_ID: &'static str = "org.oneiro.oneiro-notes";
    const FEATURES: &'static [ClapFeature] = &[ClapFeature::NoteEffect, ClapFeature::Utility];
    const LAYOUTS: &'static [AudioIOLayout] = &[];
}

/// An instance.
pub struct Oneiro<F> {
    shared: Arc<Shared>,
    parameters: Arc<Parameters>,
    audio: Option<Audio>,
    worker: Option<Worker>,
    link: Option<Publisher>,
    flavour: PhantomData<F>,
}

impl<F> Default for Oneiro<F> {
    /// Quick: nothing is opened and no thread is started before the instance is activated.
    fn default() -> Self {
        // The bank is read here, and not on the audio thread when it is first called.
        let _bank = presets::factory();
        let shared = Arc::new(Shared::default());
        let parameters = Arc::new(Parameters::new(Arc::clone(&shared)));
        Self { shared, parameters, audio: None, worker: None, link: None, flavour: PhantomData }
    }
}

impl<F> Oneiro<F> {
    /// What the instance's threads share, for an editor.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The parameters, for an editor.
    pub fn parameters(&self) -> &Arc<Parameters> {
        &self.parameters
    }
}

impl<F: Flavour> Plugin for Oneiro<F> {
    const NAME: &'static str = F::NAME;
    const VENDOR: &'static str = "Oneiro";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = F::LAYOUTS;
    // Controllers would be 2,080 parameters more in VST3, at which some hosts choke.
    const MIDI_INPUT: MidiConfig = MidiConfig::Basic;
    const MIDI_OUTPUT: MidiConfig = MidiConfig::Basic;
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;

    type Editor = OneiroEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        Arc::clone(&self.parameters) as Arc<dyn Params>
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<OneiroEditor> {
        Some(OneiroEditor::new(Arc::clone(&self.shared), Arc::clone(&self.parameters)))
    }

    fn filter_state(state: &mut PluginState) {
        filter(state);
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let rate = SampleRate(config.sample_rate.round().clamp(8_000.0, 384_000.0) as u32);
        let longest = config.max_buffer_size as usize;
        let pace = if config.process_mode == ProcessMode::Offline { Pace::Offline } else { Pace::Live };
        if self.shared.muted.swap(false, Ordering::AcqRel) || self.shared.left.load(Ordering::Acquire) {
            // What has failed begins anew.
            (self.audio, self.worker, self.link) = (None, None, None);
            self.shared.revive();
        }
        if let Some(audio) = &mut self.audio {
            audio.prepare_again(rate, longest, pace);
            return true;
        }
        let (mut audio, ends, relayed) = Audio::prepare(Arc::clone(&self.shared), rate, longest);
        audio.prepare_again(rate, longest, pace);
        match Worker::spawn(Arc::clone(&self.shared), ends) {
            Ok(worker) => {
                audio.wakes(worker.thread().cloned());
                self.worker = Some(worker);
            }
            Err(e) => {
                let text = format!("nothing is answered: the system has no thread left ({e})");
                self.shared.tell(oneiro::seen::Grade::Warning, text);
            }
        }
        self.link = Some(publish(&self.shared, relayed));
        self.audio = Some(audio);
        true
    }

    fn reset(&mut self) {
        if let Some(audio) = &mut self.audio {
            audio.reset();
        }
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let length = buffer.samples();
        let Some(audio) = &mut self.audio else { return ProcessStatus::Normal };
        let parameters = &*self.parameters;
        let played = !self.shared.muted.load(Ordering::Acquire)
            && catch_unwind(AssertUnwindSafe(|| {
                let mut channels = buffer.as_slice().iter_mut();
                let sound = match (channels.next(), channels.next()) {
                    (Some(left), Some(right)) => Some([&mut **left, &mut **right]),
                    _ => None,
                };
                let time = HostTime::from(context.transport());
                audio.play(parameters, &time, length, sound, &mut Host::<Self, _>(context, PhantomData));
            }))
            .is_ok();
        if !played {
            if !self.shared.muted.swap(true, Ordering::AcqRel) {
                audio.end_notes(&mut Host::<Self, _>(context, PhantomData));
            }
            buffer.as_slice().iter_mut().for_each(|channel| channel.fill(0.0));
            return ProcessStatus::Normal;
        }
        // A host may let it sleep where nothing sounds and time stands.
        if audio.is_idle() { ProcessStatus::Normal } else { ProcessStatus::KeepAlive }
    }
}

/// The host's events.
struct Host<'a, P, C>(&'a mut C, PhantomData<P>);

impl<P: Plugin<SysExMessage = ()>, C: ProcessContext<P>> Events for Host<'_, P, C> {
    fn next(&mut self) -> Option<NoteEvent<()>> {
        self.0.next_event()
    }

    fn send(&mut self, event: NoteEvent<()>) -> bool {
        self.0.try_send_event(event).is_ok()
    }
}

impl<F: Flavour> ClapPlugin for Oneiro<F> {
    const CLAP_ID: &'static str = F::CLAP_ID;
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Answers what you play with melodies of its own");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = F::FEATURES;

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        let pages: [(&str, &[&str]); 6] = [
            ("Perform", &["mode", "again", "another", "undo", "redo", "hold", "temperature", "density"]),
            ("Morph", &["morph-x", "morph-y", "vary", "capture-a", "capture-b", "capture-c", "capture-d", "answers"]),
            ("Notes", &["temperature", "top-p", "density", "rests", "scale", "root", "grid", "transposition"]),
            ("Expression", &["swing", "timing", "dynamics", "velocity-curve", "gate", "lowest", "highest", "stop"]),
            (
                "Phrases",
                &["phrase-length", "switch-at", "second-voice", "seed", "lock-1", "lock-2", "lock-3", "lock-4"],
            ),
            (
                "Plugin",
                &["sound", "volume", "midi-thru", "channel", "preset-previous", "preset-next", "free-run", "in-sync"],
            ),
        ];
        context.add_section("Oneiro", |section| {
            for (name, ids) in pages {
                section.add_page(name, |page| {
                    for place in ids.iter().filter_map(|id| place(id)) {
                        match self.parameters.knob(place) {
                            Knob::Float(knob) => page.add_param(knob),
                            Knob::Int(knob) => page.add_param(knob),
                            Knob::Bool(knob) => page.add_param(knob),
                        }
                    }
                });
            }
        });
    }
}

impl Vst3Plugin for Oneiro<Instrument> {
    const VST3_CLASS_ID: [u8; 16] = *b"OneiroAnswersYou";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Instrument, Vst3SubCategory::Synth, Vst3SubCategory::Generator, Vst3SubCategory::Stereo];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::View;
    use nice_plug::context::PluginApi;
    use nice_plug::context::process::SendEventError;
    use nice_plug::midi::{Channel, Key, VoiceID};
    use nice_plug::prelude::Transport;
    use std::time::{Duration, Instant};

    type Plugin1 = Oneiro<NoteEffect>;

    /// A host that fails where it is told to.
    struct Broken {
        transport: Transport,
        events: Vec<NoteEvent<()>>,
        fails: bool,
        sent: Vec<NoteEvent<()>>,
    }

    impl ProcessContext<Plugin1> for Broken {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Clap
        }
        fn execute_background(&self, (): ()) {}
        fn execute_gui(&self, (): ()) {}
        fn transport(&self) -> &Transport {
            &self.transport
        }
        fn next_event(&mut self) -> Option<NoteEvent<()>> {
            assert!(!self.fails, "as the test wants it");
            self.events.pop()
        }
        fn try_send_event(&mut self, event: NoteEvent<()>) -> Result<(), (NoteEvent<()>, SendEventError)> {
            self.sent.push(event);
            Ok(())
        }
        fn set_latency_samples(&self, _samples: u32) {}
        fn request_restart(&self) {}
        fn set_current_voice_capacity(&self, _capacity: u32) {}
    }

    impl ActivateContext<Plugin1> for Broken {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Clap
        }
        fn execute(&self, (): ()) {}
        fn set_latency_samples(&self, _samples: u32) {}
        fn set_current_voice_capacity(&self, _capacity: u32) {}
    }

    #[test]
    fn a_failure_is_caught_ends_what_sounds_and_is_told() {
        let mut plugin = Plugin1::default();
        let note = NoteEvent::NoteOn {
            timing: 0,
            voice_id: VoiceID::Wildcard,
            channel: Channel::Number(3),
            key: Key::Number(60),
            velocity: 0.5,
        };
        let transport = Transport::new(48_000.0);
        let mut host = Broken { transport, events: vec![note], fails: false, sent: Vec::new() };
        let config = BufferConfig {
            sample_rate: 48_000.0,
            min_buffer_size: None,
            max_buffer_size: 64,
            process_mode: ProcessMode::Realtime,
        };
        let layout = AudioIOLayout::const_default();
        assert!(plugin.activate(&layout, &config, &mut host));
        let play = |plugin: &mut Plugin1, host: &mut Broken| {
            let mut aux = AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] };
            plugin.process(&mut Buffer::default(), &mut aux, host)
        };
        play(&mut plugin, &mut host);
        assert_eq!(host.sent, [note]);
        host.fails = true;
        for _ in 0..3 {
            assert_eq!(play(&mut plugin, &mut host), ProcessStatus::Normal);
        }
        let ends = |event: &NoteEvent<()>| {
            matches!(event, NoteEvent::NoteOff { channel: Channel::Number(3), key: Key::Number(60), .. })
        };
        assert!(host.sent.len() == 2 && ends(&host.sent[1]), "{:?}", host.sent);
        let (mut view, began) = (View::default(), Instant::now());
        let told = |view: &View| view.notices.iter().any(|notice| notice.text.contains("is silent"));
        while !told(&view) && began.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(10));
            plugin.shared().look(&mut view);
        }
        assert!(told(&view), "{:?}", view.notices);
        // Switched off and on, it begins anew.
        (host.fails, host.events) = (false, vec![note]);
        assert!(plugin.activate(&layout, &config, &mut host));
        play(&mut plugin, &mut host);
        assert_eq!(host.sent.len(), 3);
    }
}
