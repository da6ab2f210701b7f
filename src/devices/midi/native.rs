//! MIDI of the system: ALSA, CoreMIDI, WinMM.

use super::outputs::{Output, Outputs, Packet};
use super::porter::{Port, System};
use super::{Input, OUR_NAME};
use crate::devices::{DeviceError, hush};
use crate::moment::now_ns;
use midir::{Ignore, MidiInput, MidiInputConnection, MidiOutput, MidiOutputConnection};
use std::any::Any;
use std::sync::Arc;

/// The system's MIDI: ALSA, CoreMIDI, WinMM.
pub(super) struct Native;

impl Output for MidiOutputConnection {
    fn send(&mut self, packet: &Packet) -> bool {
        Self::send(self, packet.bytes()).is_ok()
    }
}

fn midi_error(e: impl std::fmt::Display) -> DeviceError {
    DeviceError::Midi(e.to_string())
}

impl Native {
    fn input() -> Result<MidiInput, DeviceError> {
        hush();
        let mut input = MidiInput::new(OUR_NAME).map_err(|_| no_midi())?;
        input.ignore(Ignore::SysexAndActiveSense);
        Ok(input)
    }

    fn output() -> Result<MidiOutput, DeviceError> {
        hush();
        MidiOutput::new(OUR_NAME).map_err(|_| no_midi())
    }
}

fn no_midi() -> DeviceError {
    let what = if cfg!(target_os = "linux") { "no ALSA sequencer (/dev/snd/seq)" } else { "the system has none" };
    DeviceError::Midi(what.into())
}

impl System for Native {
    fn inputs(&mut self) -> Result<Vec<Port>, DeviceError> {
        let input = Self::input()?;
        let port = |p: &midir::MidiInputPort| Some(Port { id: p.id(), name: input.port_name(p).ok()? });
        Ok(input.ports().iter().filter_map(port).collect())
    }

    fn outputs(&mut self) -> Result<Vec<Port>, DeviceError> {
        let output = Self::output()?;
        let port = |p: &midir::MidiOutputPort| Some(Port { id: p.id(), name: output.port_name(p).ok()? });
        Ok(output.ports().iter().filter_map(port).collect())
    }

    fn hear(&mut self, port: &Port, hand: u32, input: Arc<dyn Input>) -> Result<Box<dyn Any + Send>, DeviceError> {
        let client = Self::input()?;
        let found = client.find_port_by_id(&port.id).ok_or_else(|| midi_error("the port has just vanished"))?;
        let connection: MidiInputConnection<()> = client
            .connect(&found, "in", move |_, bytes, ()| input.bytes(hand, now_ns(), bytes), ())
            .map_err(midi_error)?;
        Ok(Box::new(connection))
    }

    fn speak(&mut self, port: &Port) -> Result<Box<dyn Output>, DeviceError> {
        let client = Self::output()?;
        let found = client.find_port_by_id(&port.id).ok_or_else(|| midi_error("the port has just vanished"))?;
        Ok(Box::new(client.connect(&found, "out").map_err(midi_error)?))
    }

    #[cfg(unix)]
    fn own(&mut self, hand: u32, input: Arc<dyn Input>, outputs: &Outputs) -> Option<Box<dyn Any + Send>> {
        use midir::os::unix::{VirtualInput as _, VirtualOutput as _};
        let hear = move |_, bytes: &[u8], (): &mut ()| input.bytes(hand, now_ns(), bytes);
        let connection: MidiInputConnection<()> = Self::input().ok()?.create_virtual("in", hear, ()).ok()?;
        outputs.add(OUR_NAME, Box::new(Self::output().ok()?.create_virtual("out").ok()?));
        Some(Box::new(connection))
    }

    #[cfg(not(unix))]
    fn own(&mut self, _: u32, _: Arc<dyn Input>, _: &Outputs) -> Option<Box<dyn Any + Send>> {
        None
    }
}
