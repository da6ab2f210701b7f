//! OSC out: what happens in the music and what changes in the show.

use super::OscError;
use super::address::Place;
use crate::control::hub::Handle;
use crate::control::snapshot::{Snapshot, chord_name};
use crate::show::controls::{CONTROLS, Shape};
use oneiro::bridge::{Part, ShowEvent, ShowKind};
use rosc::{OscMessage, OscPacket, OscType, encoder};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Time from one look at the show to the next.
const LOOK: Duration = Duration::from_millis(20);

/// OSC out, as long as this lives.
#[derive(Debug)]
pub struct OscOut {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl OscOut {
    /// Sends to an address what events and snapshots tell.
    ///
    /// # Errors
    /// [`OscError`] where nothing can be sent there.
    pub fn open(to: SocketAddr, handle: &Handle, events: Receiver<ShowEvent>) -> Result<Self, OscError> {
        let fail = |source| OscError { what: format!("out to {to}"), source };
        let from: SocketAddr = match to {
            SocketAddr::V4(to) if to.ip().is_loopback() => (Ipv4Addr::LOCALHOST, 0).into(),
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(from).map_err(fail)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let handle = handle.clone();
        let run = move || {
            let mut teller = Teller { send: |packet: &[u8]| drop(socket.send_to(packet, to)), before: None };
            let mut looked = Instant::now();
            while !stopped.load(Ordering::Relaxed) {
                match events.recv_timeout(LOOK.saturating_sub(looked.elapsed())) {
                    Ok(event) => teller.event(&event),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                if looked.elapsed() >= LOOK {
                    looked = Instant::now();
                    teller.look(&handle.now());
                }
            }
        };
        let thread = std::thread::Builder::new().name("osc out".into()).spawn(run).map_err(fail)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for OscOut {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there has ended it already.
            drop(thread.join());
        }
    }
}

/// Makes packets; each is one message, which every receiver understands.
struct Teller<F> {
    send: F,
    before: Option<Arc<Snapshot>>,
}

impl<F: FnMut(&[u8])> Teller<F> {
    fn tell(&mut self, address: &str, args: Vec<OscType>) {
        let packet = OscPacket::Message(OscMessage { addr: address.to_owned(), args });
        if let Ok(bytes) = encoder::encode(&packet) {
            (self.send)(&bytes);
        }
    }

    fn event(&mut self, event: &ShowEvent) {
        let part = |part: Part| OscType::String(format!("{part:?}").to_lowercase());
        let int = |number: u8| OscType::Int(i32::from(number));
        match event.kind {
            ShowKind::Beat { in_bar } => self.tell("/oneiro/music/beat", vec![OscType::Int(i32::from(in_bar) + 1)]),
            ShowKind::Bar { bar, .. } => self.tell("/oneiro/music/bar", vec![OscType::Int(bar.saturating_add(1))]),
            ShowKind::Energy { level } => self.tell("/oneiro/music/energy", vec![OscType::Float(level)]),
            ShowKind::Chord { root, pitch_classes } => {
                let args = vec![
                    OscType::String(chord_name(root, pitch_classes)),
                    int(root),
                    OscType::Int(i32::from(pitch_classes)),
                ];
                self.tell("/oneiro/music/chord", args);
            }
            ShowKind::NoteOn { part: who, pitch, velocity } => {
                self.tell("/oneiro/music/note/on", vec![part(who), int(pitch), int(velocity)]);
            }
            ShowKind::NoteOff { part: who, pitch } => {
                self.tell("/oneiro/music/note/off", vec![part(who), int(pitch)]);
            }
            ShowKind::Transport { .. } | ShowKind::Phrase { .. } => {}
        }
    }

    /// Tells what has changed since the last look; at first everything.
    fn look(&mut self, now: &Arc<Snapshot>) {
        let before = self.before.replace(Arc::clone(now));
        let changed = |get: &dyn Fn(&Snapshot) -> f64| before.as_ref().is_none_or(|before| get(before) != get(now));
        if changed(&|s| s.music.tempo) {
            self.tell("/oneiro/music/tempo", vec![OscType::Float(now.music.tempo as f32)]);
        }
        if changed(&|s| f64::from(u8::from(s.music.playing))) {
            self.tell("/oneiro/music/playing", vec![OscType::Int(i32::from(now.music.playing))]);
        }
        if changed(&|s| s.scene as f64)
            && let Some(scene) = now.lists.scenes.get(now.scene)
        {
            let args = vec![OscType::Int(now.scene as i32 + 1), OscType::String(scene.name.clone())];
            self.tell("/oneiro/show/scene", args);
        }
        if changed(&|s| s.cues.at.map_or(-1.0, |at| at as f64))
            && let Some((at, cue)) = now.cues.at.and_then(|at| Some((at, now.cues.list.cues().get(at)?)))
        {
            self.tell("/oneiro/show/cue", vec![OscType::Int(at as i32 + 1), OscType::String(cue.name.clone())]);
        }
        for spec in CONTROLS.iter().filter(|spec| spec.shape != Shape::Trigger) {
            if changed(&|s| s.settings.get(spec.control)) {
                let value = now.settings.get(spec.control) as f32;
                self.tell(&Place::Control(spec.control, false).address(), vec![OscType::Float(value)]);
            }
        }
    }
}
