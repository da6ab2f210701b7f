//! A VST3 host for tests: loads the real file through its C entry, keeps time, and sees every note at its sample.
//!
//! VST3 is a C++ interface: calls through it are unsafe as such. The contract of all of them is the same and is kept here:
//! the objects are alive (this host holds a reference), buffers are as long as is said, and one thread makes all calls.
#![allow(unsafe_code)]
#![allow(dead_code)] // not every test uses all of it

use libloading::Library;
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::path::Path;
use std::ptr::null_mut;
use vst3::Steinberg::Vst::*;
use vst3::Steinberg::*;
use vst3::{Class, ComPtr, ComWrapper, Interface};

/// What goes in, at a sample counted from the start of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum In {
    On {
        key: i16,
        velocity: f32,
    },
    Off {
        key: i16,
    },
    /// 0 to 1.
    Set {
        id: u32,
        value: f64,
    },
}

/// A note that came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Out {
    pub sample: u64,
    pub on: bool,
    pub channel: i16,
    pub key: i16,
    /// 127 parts.
    pub velocity: u8,
}

#[derive(Default)]
struct EventList(RefCell<Vec<Event>>);

impl Class for EventList {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for EventList {
    unsafe fn getEventCount(&self) -> int32 {
        self.0.borrow().len() as int32
    }

    unsafe fn getEvent(&self, index: int32, event: *mut Event) -> tresult {
        let Some(found) = self.0.borrow().get(index as usize).copied() else { return kInvalidArgument };
        // SAFETY: the caller gives room for an event.
        unsafe { *event = found };
        kResultOk
    }

    unsafe fn addEvent(&self, event: *mut Event) -> tresult {
        // SAFETY: the caller gives an event.
        self.0.borrow_mut().push(unsafe { *event });
        kResultOk
    }
}

struct Queue {
    id: u32,
    points: Vec<(int32, f64)>,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id
    }

    unsafe fn getPointCount(&self) -> int32 {
        self.points.len() as int32
    }

    unsafe fn getPoint(&self, index: int32, offset: *mut int32, value: *mut ParamValue) -> tresult {
        let Some(&(at, to)) = self.points.get(index as usize) else { return kInvalidArgument };
        // SAFETY: the caller gives room for both.
        unsafe { (*offset, *value) = (at, to) };
        kResultOk
    }

    unsafe fn addPoint(&self, _offset: int32, _value: ParamValue, _index: *mut int32) -> tresult {
        kNotImplemented
    }
}

struct Changes(Vec<ComPtr<IParamValueQueue>>);

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        self.0.len() as int32
    }

    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        self.0.get(index as usize).map_or(null_mut(), ComPtr::as_ptr)
    }

    unsafe fn addParameterData(&self, _id: *const ParamID, _index: *mut int32) -> *mut IParamValueQueue {
        null_mut()
    }
}

#[derive(Default)]
struct Stream {
    bytes: RefCell<Vec<u8>>,
    at: Cell<usize>,
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, count: int32, read: *mut int32) -> tresult {
        let bytes = self.bytes.borrow();
        let rest = &bytes[self.at.get().min(bytes.len())..];
        let length = rest.len().min(count.max(0) as usize);
        // SAFETY: the caller gives room for `count` bytes, and a place for their number or none.
        unsafe {
            std::ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast(), length);
            if !read.is_null() {
                *read = length as int32;
            }
        }
        self.at.set(self.at.get() + length);
        kResultOk
    }

    unsafe fn write(&self, buffer: *mut c_void, count: int32, written: *mut int32) -> tresult {
        // SAFETY: the caller gives `count` bytes, and a place for their number or none.
        unsafe {
            let bytes = std::slice::from_raw_parts(buffer.cast::<u8>(), count.max(0) as usize);
            self.bytes.borrow_mut().extend_from_slice(bytes);
            if !written.is_null() {
                *written = count;
            }
        }
        kResultOk
    }

    unsafe fn seek(&self, to: int64, mode: int32, result: *mut int64) -> tresult {
        let from = match mode {
            0 => 0,
            1 => self.at.get() as int64,
            _ => self.bytes.borrow().len() as int64,
        };
        self.at.set((from + to).max(0) as usize);
        if !result.is_null() {
            // SAFETY: it is no null.
            unsafe { *result = self.at.get() as int64 };
        }
        kResultOk
    }

    unsafe fn tell(&self, at: *mut int64) -> tresult {
        // SAFETY: the caller gives a place for it.
        unsafe { *at = self.at.get() as int64 };
        kResultOk
    }
}

/// An instance in a host.
pub struct Host3 {
    processor: ComPtr<IAudioProcessor>,
    component: ComPtr<IComponent>,
    pub controller: ComPtr<IEditController>,
    // Dropped after what it made.
    _library: Library,
    pub rate: f64,
    pub now: u64,
    pub playing: bool,
    pub tempo: f64,
    mode: int32,
    active: bool,
    pub sound: [Vec<f32>; 2],
}

impl Host3 {
    pub fn open(path: &Path) -> Self {
        // SAFETY: the file is the one that cargo has built from this package; see the contract above.
        unsafe {
            let library = Library::new(path).unwrap();
            if let Ok(enter) = library.get::<unsafe extern "C" fn(*mut c_void) -> bool>(b"ModuleEntry\0") {
                assert!(enter(null_mut()));
            }
            let factory = library.get::<unsafe extern "system" fn() -> *mut IPluginFactory>(b"GetPluginFactory\0");
            let factory = ComPtr::from_raw(factory.unwrap()()).unwrap();
            assert_eq!(factory.countClasses(), 1);
            let mut info: PClassInfo = std::mem::zeroed();
            assert_eq!(factory.getClassInfo(0, &mut info), kResultOk);
            let mut object: *mut c_void = null_mut();
            let made = factory.createInstance(info.cid.as_ptr(), IComponent::IID.as_ptr().cast(), &mut object);
            assert_eq!(made, kResultOk);
            let component = ComPtr::from_raw(object.cast::<IComponent>()).unwrap();
            assert_eq!(component.initialize(null_mut()), kResultOk);
            let processor = component.cast::<IAudioProcessor>().unwrap();
            let controller = component.cast::<IEditController>().unwrap();
            Self {
                processor,
                component,
                controller,
                _library: library,
                rate: 48_000.0,
                now: 0,
                playing: true,
                tempo: 120.0,
                mode: 0,
                active: false,
                sound: [Vec::new(), Vec::new()],
            }
        }
    }

    /// Switches on. VST3 tells nice-plug of offline rendering one call late, so it is told twice.
    pub fn activate(&mut self, rate: f64, longest: i32, offline: bool) {
        (self.rate, self.mode, self.active) = (rate, if offline { 2 } else { 0 }, true);
        let mut setup = ProcessSetup {
            processMode: self.mode,
            symbolicSampleSize: 0,
            maxSamplesPerBlock: longest,
            sampleRate: rate,
        };
        // SAFETY: as said above.
        unsafe {
            for _ in 0..2 {
                assert_eq!(self.processor.setupProcessing(&mut setup), kResultOk);
            }
            self.component.activateBus(1, 1, 0, 1);
            self.component.activateBus(0, 1, 0, 1);
            assert_eq!(self.component.setActive(1), kResultOk);
            self.processor.setProcessing(1);
        }
    }

    pub fn deactivate(&mut self) {
        if std::mem::take(&mut self.active) {
            // SAFETY: as said above.
            unsafe {
                self.processor.setProcessing(0);
                assert_eq!(self.component.setActive(0), kResultOk);
            }
        }
    }

    /// Plays one block. Events of `input` that fall into it go in; their samples count from the start of all.
    pub fn block(&mut self, length: usize, input: &[(u64, In)]) -> Vec<Out> {
        let (mut left, mut right) = (vec![7.0_f32; length], vec![7.0_f32; length]);
        let (events, out) = (EventList::default(), ComWrapper::new(EventList::default()));
        let mut queues: Vec<Queue> = Vec::new();
        let inside = |at: &u64| (self.now..self.now + (length as u64).max(1)).contains(at);
        for &(at, event) in input.iter().filter(|(at, _)| inside(at)) {
            let offset = (at - self.now) as int32;
            // SAFETY: all of it are numbers.
            let mut raw: Event = unsafe { std::mem::zeroed() };
            raw.sampleOffset = offset;
            match event {
                In::On { key: pitch, velocity } => {
                    raw.r#type = 0;
                    raw.__field0.noteOn =
                        NoteOnEvent { channel: 0, pitch, tuning: 0.0, velocity, length: 0, noteId: -1 };
                }
                In::Off { key: pitch } => {
                    raw.r#type = 1;
                    raw.__field0.noteOff = NoteOffEvent { channel: 0, pitch, velocity: 0.0, noteId: -1, tuning: 0.0 };
                }
                In::Set { id, value } => {
                    match queues.iter_mut().find(|queue| queue.id == id) {
                        Some(queue) => queue.points.push((offset, value)),
                        None => queues.push(Queue { id, points: vec![(offset, value)] }),
                    }
                    continue;
                }
            }
            events.0.borrow_mut().push(raw);
        }
        let queues = queues.into_iter().map(|queue| ComWrapper::new(queue).to_com_ptr().unwrap()).collect();
        let changes = ComWrapper::new(Changes(queues)).to_com_ptr::<IParameterChanges>().unwrap();
        let events = ComWrapper::new(events).to_com_ptr::<IEventList>().unwrap();
        let out_events = out.to_com_ptr::<IEventList>().unwrap();
        // SAFETY: all of it are numbers.
        let mut time: ProcessContext = unsafe { std::mem::zeroed() };
        // Tempo, position, metre; and whether time runs.
        time.state = (1024 | 512 | 8192) | if self.playing { 2 } else { 0 };
        time.sampleRate = self.rate;
        time.projectTimeSamples = self.now as i64;
        time.projectTimeMusic = self.now as f64 * self.tempo / (60.0 * self.rate);
        time.tempo = self.tempo;
        (time.timeSigNumerator, time.timeSigDenominator) = (4, 4);
        let mut channels = [left.as_mut_ptr(), right.as_mut_ptr()];
        let mut bus = AudioBusBuffers {
            numChannels: 2,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() },
        };
        let mut data = ProcessData {
            processMode: self.mode,
            symbolicSampleSize: 0,
            numSamples: length as int32,
            numInputs: 0,
            numOutputs: 1,
            inputs: null_mut(),
            outputs: &mut bus,
            inputParameterChanges: changes.as_ptr(),
            outputParameterChanges: null_mut(),
            inputEvents: events.as_ptr(),
            outputEvents: out_events.as_ptr(),
            processContext: &mut time,
        };
        // SAFETY: as said above; everything that `data` points to lives until the end of this function.
        assert_eq!(unsafe { self.processor.process(&mut data) }, kResultOk);
        self.sound[0].extend(&left);
        self.sound[1].extend(&right);
        let start = self.now;
        self.now += length as u64;
        let (mut notes, mut last) = (Vec::new(), 0);
        for event in out.0.borrow().iter() {
            assert!(event.sampleOffset >= last && event.sampleOffset < (length as int32).max(1));
            last = event.sampleOffset;
            let sample = start + event.sampleOffset as u64;
            // SAFETY: the type says which of them it is.
            notes.push(unsafe {
                match event.r#type {
                    0 => {
                        let NoteOnEvent { channel, pitch: key, velocity, .. } = event.__field0.noteOn;
                        let velocity = (velocity * 127.0).round() as u8;
                        Out { sample, on: true, channel, key, velocity }
                    }
                    1 => {
                        let NoteOffEvent { channel, pitch: key, .. } = event.__field0.noteOff;
                        Out { sample, on: false, channel, key, velocity: 0 }
                    }
                    _ => continue,
                }
            });
        }
        notes
    }

    pub fn play_to(&mut self, end: u64, input: &[(u64, In)], mut length: impl FnMut() -> usize) -> Vec<Out> {
        let mut notes = Vec::new();
        while self.now < end {
            let block = length().min((end - self.now) as usize);
            notes.extend(self.block(block, input));
        }
        notes
    }

    pub fn save(&self) -> Vec<u8> {
        let stream = ComWrapper::new(Stream::default());
        let pointer = stream.to_com_ptr::<IBStream>().unwrap();
        // SAFETY: as said above.
        assert_eq!(unsafe { self.component.getState(pointer.as_ptr()) }, kResultOk);
        stream.bytes.take()
    }

    /// Whether the plugin took it.
    pub fn restore(&self, bytes: &[u8]) -> bool {
        let stream = Stream { bytes: RefCell::new(bytes.to_vec()), at: Cell::new(0) };
        let pointer = ComWrapper::new(stream).to_com_ptr::<IBStream>().unwrap();
        // SAFETY: as said above.
        unsafe { self.component.setState(pointer.as_ptr()) == kResultOk }
    }

    /// Values, 0 to 1, of all parameters, with their numbers and names.
    pub fn parameters(&self) -> Vec<(u32, String, f64)> {
        // SAFETY: as said above; `info` is plain numbers and text.
        unsafe {
            let count = self.controller.getParameterCount();
            let read = |index: int32| {
                let mut info: ParameterInfo = std::mem::zeroed();
                assert_eq!(self.controller.getParameterInfo(index, &mut info), kResultOk);
                let title: Vec<u16> = info.title.iter().copied().take_while(|c| *c != 0).collect();
                (info.id, String::from_utf16_lossy(&title), self.controller.getParamNormalized(info.id))
            };
            (0..count).map(read).collect()
        }
    }

    /// Samples of latency.
    pub fn latency(&self) -> u32 {
        // SAFETY: as said above.
        unsafe { self.processor.getLatencySamples() }
    }
}

impl Drop for Host3 {
    fn drop(&mut self) {
        self.deactivate();
        // SAFETY: as said above; nothing is called afterwards. Whoever entered the module leaves it.
        unsafe {
            self.component.terminate();
            if let Ok(leave) = self._library.get::<unsafe extern "C" fn() -> bool>(b"ModuleExit\0") {
                leave();
            }
        }
    }
}
