//! A CLAP host for tests: loads the real file, keeps time, and sees every note at its sample.
#![allow(dead_code)] // not every test uses all of it

pub mod window;

use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::params::PluginParams;
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::events::event_types::{
    NoteChokeEvent, NoteOffEvent, NoteOnEvent, ParamValueEvent, TransportEvent, TransportFlags,
};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{EventFlags, Match};
use clack_host::prelude::*;
use clack_host::process::StartedPluginAudioProcessor;
use clack_host::utils::{BeatTime, ClapId, SecondsTime};
use oneiro::controls::Shape;
use oneiro_plugin::parameters::{place, sheets};
use std::ffi::CString;
use std::path::{Path, PathBuf};

pub const INSTRUMENT: &str = "org.oneiro.oneiro";
pub const NOTES: &str = "org.oneiro.oneiro-notes";

/// Two bars in G major, a little loose in time: onset and length in beats, key.
pub const CALL: [(f64, f64, u8); 9] = [
    (0.01, 0.9, 67),
    (1.0, 0.48, 69),
    (1.49, 0.5, 71),
    (2.0, 1.4, 74),
    (3.5, 0.5, 72),
    (4.0, 0.5, 71),
    (4.5, 0.5, 69),
    (5.0, 1.0, 66),
    (6.0, 1.9, 67),
];

/// The folder that `cargo xtask bundle` has made, where that is to be tried and not what cargo has just built: it has models and
/// ONNX Runtime of its own.
pub fn given() -> Option<PathBuf> {
    std::env::var_os("ONEIRO_TEST_BUNDLE").map(PathBuf::from)
}

/// The plugin's file: cargo puts it beside the test, or one folder above, or with the dependencies of an example.
pub fn library() -> PathBuf {
    if let Some(folder) = given() {
        return folder.join("Oneiro.clap");
    }
    let name = format!("{}oneiro_plugin{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let test = std::env::current_exe().unwrap();
    let above = test.ancestors().skip(1).take(2);
    let places = above.flat_map(|folder| [folder.join(&name), folder.join("deps").join(&name)]);
    places.filter(|path| path.is_file()).max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}

/// Loads the file.
pub fn load() -> PluginEntry {
    load_from(&library())
}

/// Loads a copy of the file.
#[allow(unsafe_code)]
pub fn load_from(path: &Path) -> PluginEntry {
    // SAFETY: the file is one that cargo has built from this package; its entry keeps to CLAP.
    unsafe { PluginEntry::load(path) }.unwrap()
}

/// Lays the plugin's file out as the VST3 bundle of Linux, in a folder, unless there is one.
pub fn vst3_bundle(folder: &Path) -> PathBuf {
    if let Some(folder) = given() {
        return folder.join("Oneiro.vst3");
    }
    let bundle = folder.join("Oneiro.vst3");
    let inside = bundle.join("Contents").join(format!("{}-linux", std::env::consts::ARCH));
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::copy(library(), inside.join("Oneiro.so")).unwrap();
    bundle
}

/// Says that a test is left out, and why; fails where every test must run.
pub fn left_out(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}; `cargo xtask test` brings it where it may install packages");
    println!("skipped: {why}");
}

pub struct Shared;
impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

// An editor does not open in a host without this.
impl HostGuiImpl for Shared {
    fn resize_hints_changed(&self) {}
    fn request_resize(&self, _size: GuiSize) -> Result<(), HostError> {
        Ok(())
    }
    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn closed(&self, _was_destroyed: bool) {}
}

pub struct Handlers;
impl HostHandlers for Handlers {
    type Shared<'a> = Shared;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _shared: &Self::Shared<'_>) {
        builder.register::<HostGui>();
    }
}

/// What goes in, at a sample counted from the start of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum In {
    On { key: u8, velocity: f64 },
    Off { key: u8 },
    Choke,
    Set { id: &'static str, value: f64 },
}

/// A note that came out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Out {
    pub sample: u64,
    pub on: bool,
    pub channel: u16,
    pub key: u16,
    /// 127 parts.
    pub velocity: u8,
}

/// A project in a host.
pub struct Daw {
    pub instance: PluginInstance<Handlers>,
    processor: Option<StartedPluginAudioProcessor<Handlers>>,
    pub rate: f64,
    /// Samples since the start of all.
    pub now: u64,
    pub playing: bool,
    pub tempo: f64,
    pub metre: (u16, u16),
    /// Where sample `zero` lies in the music.
    pub zero: (u64, f64),
    pub sound: [Vec<f32>; 2],
    has_audio: bool,
}

/// How nice-plug numbers parameters.
pub fn number(id: &str) -> u32 {
    id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) & !(1 << 31)
}

/// A value as nice-plug tells it to CLAP: 0 to 1 for numbers, counted from the least for whole ones.
fn told(id: &str, value: f64) -> f64 {
    let (low, steps) = scale(id);
    (value - low) / steps
}

/// The least value, and what one is of a told value.
fn scale(id: &str) -> (f64, f64) {
    let sheet = &sheets()[place(id).unwrap()];
    let smooth = matches!(sheet.shape, Shape::Smooth(_));
    (sheet.range.0, if smooth { sheet.range.1 - sheet.range.0 } else { 1.0 })
}

impl Daw {
    pub fn open(entry: &PluginEntry, id: &str) -> Self {
        let info = HostInfo::new("Oneiro's tests", "Oneiro", "", "1").unwrap();
        let name = CString::new(id).unwrap();
        let instance = PluginInstance::<Handlers>::new(|_| Shared, |_| (), entry, &name, &info).unwrap();
        Self {
            instance,
            processor: None,
            rate: 48_000.0,
            now: 0,
            playing: true,
            tempo: 120.0,
            metre: (4, 4),
            zero: (0, 0.0),
            sound: [Vec::new(), Vec::new()],
            has_audio: id == INSTRUMENT,
        }
    }

    pub fn activate(&mut self, rate: f64, longest: u32) {
        self.rate = rate;
        let configuration =
            PluginAudioConfiguration { sample_rate: rate, min_frames_count: 1, max_frames_count: longest };
        let stopped = self.instance.activate(|_, _| (), configuration).unwrap();
        self.processor = Some(stopped.start_processing().unwrap());
    }

    pub fn deactivate(&mut self) {
        if let Some(started) = self.processor.take() {
            self.instance.deactivate(started.stop_processing());
        }
    }

    /// Says that the host renders offline: from the next activation on.
    pub fn offline(&mut self, offline: bool) {
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        let plugin = self.instance.plugin_handle();
        let render: PluginRender = plugin.get_extension().unwrap();
        render.set(&plugin, mode).unwrap();
    }

    pub fn reset(&mut self) {
        self.processor.as_mut().unwrap().reset();
    }

    /// Where a sample lies in the music.
    pub fn beats_at(&self, sample: u64) -> f64 {
        self.zero.1 + (sample as f64 - self.zero.0 as f64) * self.tempo / (60.0 * self.rate)
    }

    /// Goes to another place in the music, from the next block on.
    pub fn locate(&mut self, beats: f64) {
        self.zero = (self.now, beats);
    }

    fn transport(&self) -> TransportEvent {
        let beats = self.beats_at(self.now);
        let mut flags = TransportFlags::HAS_TEMPO
            | TransportFlags::HAS_BEATS_TIMELINE
            | TransportFlags::HAS_SECONDS_TIMELINE
            | TransportFlags::HAS_TIME_SIGNATURE;
        flags.set(TransportFlags::IS_PLAYING, self.playing);
        TransportEvent {
            header: EventHeader::new_core(0, EventFlags::empty()),
            flags,
            song_pos_beats: BeatTime::from_float(beats),
            song_pos_seconds: SecondsTime::from_float(beats * 60.0 / self.tempo),
            tempo: self.tempo,
            tempo_inc: 0.0,
            loop_start_beats: BeatTime::from_float(0.0),
            loop_end_beats: BeatTime::from_float(0.0),
            loop_start_seconds: SecondsTime::from_float(0.0),
            loop_end_seconds: SecondsTime::from_float(0.0),
            // As Ardour does it: wrong.
            bar_start: BeatTime::from_float(-7.0),
            bar_number: -3,
            time_signature_numerator: self.metre.0,
            time_signature_denominator: self.metre.1,
        }
    }

    /// Plays one block. Events of `input` that fall into it go in; their samples count from the start of all.
    pub fn block(&mut self, length: usize, input: &[(u64, In)]) -> Vec<Out> {
        let mut events = EventBuffer::new();
        let inside = |at: &u64| (self.now..self.now + (length as u64).max(1)).contains(at);
        for &(at, event) in input.iter().filter(|(at, _)| inside(at)) {
            let time = (at - self.now) as u32;
            let key = |key: u8| Pckn::new(0_u16, 0_u16, u16::from(key), Match::All);
            match event {
                In::On { key: k, velocity } => events.push(&NoteOnEvent::new(time, key(k), velocity)),
                In::Off { key: k } => events.push(&NoteOffEvent::new(time, key(k), 0.0)),
                In::Choke => events.push(&NoteChokeEvent::new(time, Pckn::match_all())),
                In::Set { id, value } => {
                    events.push(&ParamValueEvent::new(
                        time,
                        ClapId::new(number(id)),
                        Pckn::match_all(),
                        told(id, value),
                    ));
                }
            }
        }
        self.raw_block(length, &events)
    }

    /// Plays one block with any events.
    pub fn raw_block(&mut self, length: usize, input: &EventBuffer) -> Vec<Out> {
        let (mut left, mut right) = (vec![7.0_f32; length], vec![7.0_f32; length]);
        let mut outputs = AudioPorts::with_capacity(2, 1);
        let mut out = EventBuffer::new();
        let transport = self.transport();
        let processor = self.processor.as_mut().unwrap();
        let channels = [left.as_mut_slice(), right.as_mut_slice()];
        let sound =
            AudioPortBuffer { latency: 0, channels: AudioPortBufferType::f32_output_only(channels.into_iter()) };
        let mut sound = outputs.with_output_buffers([sound]);
        let silence = InputAudioBuffers::empty();
        let result = processor.process(
            &silence,
            &mut sound,
            &input.as_input(),
            &mut out.as_output(),
            Some(self.now),
            Some(&transport),
        );
        result.unwrap();
        if self.has_audio {
            self.sound[0].extend(&left);
            self.sound[1].extend(&right);
        }
        let start = self.now;
        self.now += length as u64;
        let mut notes = Vec::new();
        let mut last = 0;
        for event in out.iter() {
            let time = event.header().time();
            assert!(time >= last && u64::from(time) < (length as u64).max(1), "{time} after {last} in {length}");
            last = time;
            let (on, pckn, velocity) = match event.as_core_event() {
                Some(CoreEventSpace::NoteOn(note)) => (true, note.pckn(), note.velocity()),
                Some(CoreEventSpace::NoteOff(note)) => (false, note.pckn(), 0.0),
                _ => continue,
            };
            let number = |number: Match<u16>| number.into_specific().unwrap();
            let (channel, key) = (number(pckn.channel), number(pckn.key));
            let velocity = (velocity * 127.0).round() as u8;
            notes.push(Out { sample: start + u64::from(time), on, channel, key, velocity });
        }
        notes
    }

    /// Plays on up to a sample, in blocks whose lengths `length` gives.
    pub fn play_to(&mut self, end: u64, input: &[(u64, In)], mut length: impl FnMut() -> usize) -> Vec<Out> {
        let mut notes = Vec::new();
        while self.now < end {
            let block = length().min((end - self.now) as usize);
            notes.extend(self.block(block, input));
        }
        notes
    }

    pub fn save(&mut self) -> Vec<u8> {
        let plugin = self.instance.plugin_handle();
        let state: PluginState = plugin.get_extension().unwrap();
        let mut bytes = Vec::new();
        state.save(&plugin, &mut bytes).unwrap();
        bytes
    }

    /// Whether the plugin took it.
    pub fn restore(&mut self, bytes: &[u8]) -> bool {
        let plugin = self.instance.plugin_handle();
        let state: PluginState = plugin.get_extension().unwrap();
        state.load(&plugin, &mut &*bytes).is_ok()
    }

    pub fn value(&mut self, id: &str) -> f64 {
        let plugin = self.instance.plugin_handle();
        let params: PluginParams = plugin.get_extension().unwrap();
        let (low, steps) = scale(id);
        let value = low + steps * params.get_value(&plugin, ClapId::new(number(id))).unwrap();
        // nice-plug keeps 24 bits.
        (value * 1e4).round() / 1e4
    }

    /// Sets a parameter by a flush, whether active or not.
    pub fn flush(&mut self, id: &str, value: f64) {
        let mut events = EventBuffer::new();
        events.push(&ParamValueEvent::new(0, ClapId::new(number(id)), Pckn::match_all(), told(id, value)));
        let mut out = EventBuffer::new();
        let params: PluginParams = self.instance.plugin_handle().get_extension().unwrap();
        match &mut self.processor {
            Some(processor) => {
                params.flush_active(&mut processor.plugin_handle(), &events.as_input(), &mut out.as_output());
            }
            None => {
                let mut plugin = self.instance.inactive_plugin_handle().unwrap();
                params.flush(&mut plugin, &events.as_input(), &mut out.as_output());
            }
        }
    }

    /// The call as events, from a beat on.
    pub fn call(&self, from: f64) -> Vec<(u64, In)> {
        let sample = |beats: f64| {
            let beats = from + beats - self.zero.1;
            self.zero.0 + (beats * 60.0 * self.rate / self.tempo).round() as u64
        };
        let mut events = Vec::new();
        for (at, length, key) in CALL {
            events.push((sample(at), In::On { key, velocity: 0.7 }));
            events.push((sample(at + length), In::Off { key }));
        }
        events.sort_by_key(|(at, _)| *at);
        events
    }

    /// Samples of some beats.
    pub fn samples(&self, beats: f64) -> u64 {
        (beats * 60.0 * self.rate / self.tempo).round() as u64
    }
}

/// The answers among what came out.
pub fn answers(notes: &[Out]) -> Vec<Out> {
    notes.iter().filter(|note| note.channel == 1).copied().collect()
}

/// Fails where a note has no end, or an end no note, or a key sounds twice.
pub fn assert_paired(notes: &[Out]) {
    let mut sounding = std::collections::BTreeSet::new();
    for note in notes {
        let key = (note.channel, note.key);
        if note.on {
            assert!(sounding.insert(key), "{note:?} sounds already");
        } else {
            assert!(sounding.remove(&key), "{note:?} did not sound");
        }
    }
    assert!(sounding.is_empty(), "{sounding:?} sound for ever");
}

impl Drop for Daw {
    fn drop(&mut self) {
        self.deactivate();
    }
}
