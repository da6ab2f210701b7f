//! The sound device: opened by name, opened again when it has vanished. While there is none the instrument is played
//! to nobody, so that the music's clock goes on.

use super::seat::Seat;
use super::{DeviceError, Load, fits, hush};
use crate::live::Instrument;
use crate::priority::ask_for_real_time;
use crate::time::SampleRate;
use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};
use cpal::{BufferSize, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What sound is wanted.
#[derive(Debug, Clone, Default)]
pub struct SoundChoice {
    /// None at all: the clock runs and MIDI is played.
    pub none: bool,
    /// Through JACK.
    pub jack: bool,
    /// A device, by a part of its name; the system's choice without.
    pub device: Option<String>,
    /// Samples a second; the device's choice without.
    pub rate: Option<u32>,
    /// Audio frames in a block; the device's choice without.
    pub block: Option<u32>,
}

/// A device that could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundDevice {
    /// Its name.
    pub name: String,
    /// Samples a second that it would be opened with.
    pub rate: SampleRate,
}

/// What becomes of the sound device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundNews {
    /// It plays.
    Playing {
        /// Its name.
        device: String,
    },
    /// It cannot be opened, or has vanished; it is tried again.
    Lost {
        /// Why.
        reason: String,
    },
    /// It was too late with a block.
    Xrun,
}

/// Rate where nobody asks for one.
const USUAL_RATE: u32 = 48_000;
/// Channels that are used of a device.
const CHANNELS: u16 = 2;
/// A device that plays no block for so long has vanished without a word.
const STALLED: Duration = Duration::from_secs(2);
/// How often a device that vanished is looked for.
const AGAIN: Duration = Duration::from_millis(1000);
/// Frames of a block when nobody listens.
const SILENT_BLOCK: usize = 128;

struct Opened {
    device: cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
    name: String,
}

fn host(choice: &SoundChoice) -> Result<cpal::Host, DeviceError> {
    hush();
    if !choice.jack {
        return Ok(cpal::default_host());
    }
    #[cfg(feature = "jack")]
    return cpal::host_from_id(cpal::HostId::Jack).map_err(|_| DeviceError::NoServer);
    #[cfg(not(feature = "jack"))]
    Err(DeviceError::NoJack)
}

/// What the system says, to be followed by more.
fn in_a_line(error: &cpal::Error) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}

fn name_of(device: &cpal::Device) -> String {
    device.description().map_or_else(|_| "unnamed".into(), |d| d.name().to_owned())
}

fn open(choice: &SoundChoice) -> Result<Opened, DeviceError> {
    let host = host(choice)?;
    let device = match &choice.device {
        None if choice.jack => host.default_output_device().ok_or(DeviceError::NoServer)?,
        None => host.default_output_device().ok_or(DeviceError::NoSound)?,
        Some(wanted) => {
            let devices: Vec<_> = host.output_devices().map_err(|_| DeviceError::NoSound)?.collect();
            let names: Vec<String> = devices.iter().map(name_of).collect();
            let found = names.iter().position(|name| fits(name, wanted));
            let unknown =
                || DeviceError::Unknown { what: "sound device", name: wanted.clone(), there: names.join(", ") };
            devices.into_iter().nth(found.ok_or_else(unknown)?).ok_or(DeviceError::NoSound)?
        }
    };
    let name = name_of(&device);
    let fail = |e: cpal::Error| match e.kind() {
        // The system names a default even where it has none.
        ErrorKind::DeviceNotAvailable if choice.device.is_none() => DeviceError::NoSound,
        _ => DeviceError::Sound { device: name.clone(), reason: in_a_line(&e) },
    };
    let usual = device.default_output_config().map_err(fail)?;
    let mut config = usual.config();
    let mut format = usual.sample_format();
    if let Some(rate) = choice.rate.filter(|&rate| rate != config.sample_rate) {
        let fits = |c: &cpal::SupportedStreamConfigRange| {
            c.channels() == config.channels && (c.min_sample_rate()..=c.max_sample_rate()).contains(&rate)
        };
        let mut all: Vec<_> = device.supported_output_configs().map_err(fail)?.filter(fits).collect();
        all.sort_by(|a, b| b.cmp_default_heuristics(a));
        let best = all.first().ok_or_else(|| DeviceError::Sound {
            device: name.clone(),
            reason: format!("has no {rate} samples a second; {} would do", config.sample_rate),
        })?;
        (config.sample_rate, format) = (rate, best.sample_format());
    }
    if let Some(block) = choice.block {
        if let SupportedBufferSize::Range { min, max } = *usual.buffer_size()
            && !(min..=max).contains(&block)
        {
            let reason = format!("blocks of {block} are not possible; {min} to {max} are");
            return Err(DeviceError::Sound { device: name, reason });
        }
        config.buffer_size = BufferSize::Fixed(block);
    }
    config.channels = config.channels.max(1);
    if choice.jack {
        config.channels = CHANNELS;
    }
    Ok(Opened { device, config, format, name })
}

/// The device that would be opened.
///
/// # Errors
/// [`DeviceError`].
pub fn probe(choice: &SoundChoice) -> Result<SoundDevice, DeviceError> {
    if choice.none {
        return Ok(SoundDevice { name: "none".into(), rate: SampleRate(choice.rate.unwrap_or(USUAL_RATE)) });
    }
    open(choice).map(|o| SoundDevice { name: o.name, rate: SampleRate(o.config.sample_rate) })
}

/// Names of all devices that play.
///
/// # Errors
/// [`DeviceError`].
pub fn list(choice: &SoundChoice) -> Result<Vec<String>, DeviceError> {
    let devices = host(choice)?.output_devices().map_err(|_| DeviceError::NoSound)?;
    Ok(devices.map(|d| name_of(&d)).collect())
}

/// The thread that keeps a device playing.
#[derive(Debug)]
pub struct SoundKeeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SoundKeeper {
    /// Starts it. It speaks of what becomes of the device through `news`. `rate` is the instrument's; a device that cannot
    /// have it is not used.
    pub fn spawn(
        choice: SoundChoice,
        rate: SampleRate,
        instrument: Instrument,
        load: Arc<Load>,
        news: Sender<SoundNews>,
    ) -> Self {
        let (stop, stopped) = channel();
        let choice = SoundChoice { rate: Some(rate.0), ..choice };
        let thread = std::thread::spawn(move || keep(&choice, instrument, &load, &news, &stopped));
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for SoundKeeper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has ended the sound; there is nothing left to end.
            let _ended = thread.join();
        }
    }
}

/// Plays until it is stopped: on the device as long as there is one, to nobody meanwhile.
fn keep(
    choice: &SoundChoice,
    mut instrument: Instrument,
    load: &Arc<Load>,
    news: &Sender<SoundNews>,
    stopped: &Receiver<()>,
) {
    let rate = choice.rate.unwrap_or(USUAL_RATE);
    let (home, at_home) = channel();
    let mut said = None;
    loop {
        if !choice.none {
            let seat = Seat::new(instrument, home.clone(), Arc::clone(load), rate);
            let Err(reason) = play(choice, seat, load, news, stopped) else { return };
            // However it ended, the seat was left.
            let Ok(back) = at_home.recv_timeout(STALLED) else {
                tell(
                    news,
                    SoundNews::Lost { reason: format!("{reason}; the device holds on to the sound: start anew") },
                );
                return;
            };
            instrument = back;
            if said.as_ref() != Some(&reason) {
                tell(news, SoundNews::Lost { reason: reason.clone() });
                said = Some(reason);
            }
        }
        let mut seat = Seat::new(instrument, home.clone(), Arc::clone(load), rate);
        let mut prober = Prober::new(choice);
        if play_to_nobody(&mut seat, rate, stopped, || !choice.none && prober.finds()) {
            return;
        }
        drop(seat);
        let Ok(back) = at_home.recv() else { return };
        instrument = back;
    }
}

fn tell(news: &Sender<SoundNews>, what: SoundNews) {
    // Nobody listens when the program ends.
    let _nobody = news.send(what);
}

/// Plays on the device until it is stopped, or until the device vanishes, which is told as an error.
fn play(
    choice: &SoundChoice,
    seat: Seat,
    load: &Load,
    news: &Sender<SoundNews>,
    stopped: &Receiver<()>,
) -> Result<(), String> {
    let opened = open(choice).map_err(|e| e.to_string())?;
    let (failures, failed) = channel();
    let stream = match opened.format {
        SampleFormat::F32 => stream::<f32>(&opened, seat, failures),
        SampleFormat::F64 => stream::<f64>(&opened, seat, failures),
        SampleFormat::I16 => stream::<i16>(&opened, seat, failures),
        SampleFormat::I32 => stream::<i32>(&opened, seat, failures),
        SampleFormat::U16 => stream::<u16>(&opened, seat, failures),
        SampleFormat::U8 => stream::<u8>(&opened, seat, failures),
        other => return Err(format!("{}: samples of type {other} are not supported", opened.name)),
    };
    let named = |e: cpal::Error| format!("{}: {}", opened.name, in_a_line(&e));
    let stream = stream.map_err(named)?;
    stream.play().map_err(named)?;
    tell(news, SoundNews::Playing { device: opened.name.clone() });
    let (mut blocks, mut moved) = (load.blocks(), Instant::now());
    loop {
        match stopped.recv_timeout(Duration::from_millis(20)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        for error in failed.try_iter() {
            match error.kind() {
                ErrorKind::Xrun => tell(news, SoundNews::Xrun),
                ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
                _ => return Err(named(error)),
            }
        }
        if load.blocks() != blocks {
            (blocks, moved) = (load.blocks(), Instant::now());
        } else if moved.elapsed() > STALLED {
            return Err(format!("{}: it has stopped asking for sound", opened.name));
        }
    }
}

fn stream<T: SizedSample + FromSample<f32>>(
    opened: &Opened,
    mut seat: Seat,
    failures: Sender<cpal::Error>,
) -> Result<cpal::Stream, cpal::Error> {
    let channels = usize::from(opened.config.channels);
    let mut ranked = false;
    opened.device.build_output_stream(
        opened.config,
        move |out: &mut [T], _| {
            if !std::mem::replace(&mut ranked, true) {
                // Once, before the first block. Where it is denied, the sound is as steady as the machine is idle.
                let _denied = ask_for_real_time();
            }
            seat.fill(out, channels);
        },
        move |error| {
            let _ended = failures.send(error);
        },
        None,
    )
}

/// Looks for the device now and then, on a thread of its own: a system may take its time to say that there is none, and
/// the music's clock must not wait for it.
struct Prober {
    choice: SoundChoice,
    again: Instant,
    looking: Option<Receiver<bool>>,
}

impl Prober {
    fn new(choice: &SoundChoice) -> Self {
        Self { choice: choice.clone(), again: Instant::now() + AGAIN, looking: None }
    }

    /// Whether the device was found. Does not wait.
    fn finds(&mut self) -> bool {
        match self.looking.as_ref().map(Receiver::try_recv) {
            Some(Ok(true)) => return true,
            Some(Err(TryRecvError::Empty)) => {}
            Some(Ok(false) | Err(TryRecvError::Disconnected)) => {
                (self.looking, self.again) = (None, Instant::now() + AGAIN);
            }
            None if Instant::now() >= self.again => {
                let (found, looking) = channel();
                let choice = self.choice.clone();
                std::thread::spawn(move || {
                    // Nobody asks any more where the program has ended.
                    let _nobody = found.send(open(&choice).is_ok());
                });
                self.looking = Some(looking);
            }
            None => {}
        }
        false
    }
}

/// Plays in the right time until `enough` says so: whether it was stopped.
fn play_to_nobody(seat: &mut Seat, rate: u32, stopped: &Receiver<()>, mut enough: impl FnMut() -> bool) -> bool {
    let mut nobody = [0.0_f32; SILENT_BLOCK * CHANNELS as usize];
    let block = Duration::from_secs_f64(SILENT_BLOCK as f64 / f64::from(rate.max(1)));
    let mut next = Instant::now();
    while !enough() {
        seat.fill(&mut nobody, usize::from(CHANNELS));
        next += block;
        let now = Instant::now();
        if now > next + Duration::from_millis(200) {
            // The machine slept; what was missed is gone.
            next = now;
        }
        match stopped.recv_timeout(next.saturating_duration_since(now)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return true,
        }
    }
    false
}
