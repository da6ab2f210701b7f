//! What controls a show from outside, as the command line wants it.

use super::pixels;
use anyhow::{Context, Result};
use oneiro::controls::ControlMap;
use oneiro_visuals::control::cues::CueList;
use oneiro_visuals::control::osc::{OscIn, OscOut};
use oneiro_visuals::control::preview::PreviewOptions;
use oneiro_visuals::control::server::{Server, ServerOptions};
use oneiro_visuals::control::{self, Desk, Handle, HubOptions};
use oneiro_visuals::show::controls::Control;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// Options of control surfaces.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Control")]
#[group(id = "surfaces")]
pub struct Args {
    /// Port of the control page; without, 7700 or the next that is free
    #[arg(long, value_name = "PORT")]
    control: Option<u16>,
    /// No control page and no stream
    #[arg(long, conflicts_with_all = ["control", "control_lan"])]
    no_control: bool,
    /// The control page on the local network too, for who gives the code that is shown
    #[arg(long)]
    control_lan: bool,
    /// Take OSC from this port of the loopback address, or from ADDRESS:PORT
    #[arg(long, value_name = "PORT")]
    osc_in: Option<String>,
    /// Tell by OSC what happens
    #[arg(long, value_name = "HOST:PORT")]
    osc_out: Option<String>,
    /// Cues to go through, in TOML; those that are kept go there
    #[arg(long, value_name = "FILE")]
    cues: Option<PathBuf>,
    /// Take knobs of MIDI devices, those whose name has this part; with --midi-in they are taken anyway
    #[cfg(feature = "live")]
    #[arg(long, value_name = "PART", num_args = 0..=1, default_missing_value = "")]
    knobs: Option<String>,
    /// Send MIDI clock to outputs that have this in their name, and to a port of its own; without a name only there
    #[cfg(feature = "live")]
    #[arg(long, value_name = "PART", num_args = 0..=1, default_missing_value = "")]
    clock_out: Option<String>,
    /// Which knob moves what, in TOML
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Pixels of the stream for other programs
    #[arg(long, default_value = "960x540", value_name = "WIDTHxHEIGHT")]
    stream: String,
}

/// The surfaces of a show, as long as this lives.
pub struct Surfaces {
    /// For the performance, with the cues.
    pub desk: Option<(Desk, CueList)>,
    pub handle: Handle,
    _server: Option<Server>,
    _osc_in: Option<OscIn>,
    _osc_out: Option<OscOut>,
    #[cfg(feature = "live")]
    _knobs: Option<control::MidiKnobs>,
    #[cfg(feature = "live")]
    _clock: Option<control::MidiClock>,
}

impl Surfaces {
    /// Opens those that are wanted, and says where they are. With `follows_midi`, knobs come with the music.
    pub fn open(args: &Args, follows_midi: bool) -> Result<Self> {
        let cues_path = args.cues.clone().or_else(CueList::usual_path);
        let cues = match (&args.cues, &cues_path) {
            (Some(file), _) if file.exists() => CueList::read(file)?,
            (_, Some(file)) => CueList::read_if_there(file)?,
            (_, None) => CueList::default(),
        };
        let map_path = args.map.clone().or_else(ControlMap::<Control>::usual_path);
        let map = map_path.as_deref().map_or(Ok(ControlMap::default()), ControlMap::read)?;
        let size = pixels(&args.stream).with_context(|| format!("--stream {}: WIDTHxHEIGHT", args.stream))?;
        let stream = PreviewOptions { size, ..PreviewOptions::STREAM };
        let (desk, handle, events) = control::open(HubOptions { cues: cues_path, map: (map, map_path), stream });
        let osc_in = match &args.osc_in {
            Some(text) => Some(OscIn::open(osc_in(text)?, handle.clone())?),
            None => None,
        };
        let osc_out = match &args.osc_out {
            Some(text) => Some(OscOut::open(osc_out(text)?, &handle, events)?),
            None => None,
        };
        if let Some(osc) = &osc_in {
            eprintln!("OSC from {}", osc.address());
        }
        let options = ServerOptions {
            port: args.control,
            lan: args.control_lan,
            osc_port: osc_in.as_ref().map(|osc| osc.address().port()),
        };
        let server = if args.no_control { None } else { Some(serve(options, &handle)?) };
        #[cfg(feature = "live")]
        let knobs = match &args.knobs {
            Some(part) if !follows_midi => {
                let inputs = if part.is_empty() { Vec::new() } else { vec![part.clone()] };
                Some(control::MidiKnobs::open(inputs, std::sync::Arc::clone(handle.knobs()))?)
            }
            _ => None,
        };
        #[cfg(feature = "live")]
        let clock = match &args.clock_out {
            Some(part) => Some(control::MidiClock::open(part, handle.clone(), |news| eprintln!("{news}"))?),
            None => None,
        };
        #[cfg(not(feature = "live"))]
        let _ = follows_midi;
        Ok(Self {
            desk: Some((desk, cues)),
            handle,
            _server: server,
            _osc_in: osc_in,
            _osc_out: osc_out,
            #[cfg(feature = "live")]
            _knobs: knobs,
            #[cfg(feature = "live")]
            _clock: clock,
        })
    }
}

fn serve(options: ServerOptions, handle: &Handle) -> Result<Server> {
    let (told, codes) = std::sync::mpsc::channel::<String>();
    // The first code is shown with its address below; one that takes its place later is shown when it does.
    let announce = Box::new(move |code: &str| {
        if let Err(told) = told.send(code.to_owned()) {
            eprintln!("the control page has another code: {}", told.0);
        }
    });
    let server = Server::open(options, handle.clone(), announce)?;
    eprintln!("control page: {}", server.url());
    if let (Some(url), Ok(code)) = (server.lan_url(), codes.try_recv()) {
        eprintln!("on the local network: {url}   code {code}");
        // Behind the `#`, so that no server and no log sees the code.
        if let Ok(code) = QrCode::new(format!("{url}pair#{code}")) {
            eprintln!("{}", code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build());
        }
    }
    Ok(server)
}

fn osc_in(text: &str) -> Result<SocketAddr> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().with_context(|| format!("--osc-in {text}: a port, or ADDRESS:PORT"))
}

fn osc_out(text: &str) -> Result<SocketAddr> {
    let found = text.to_socket_addrs().with_context(|| format!("--osc-out {text}: HOST:PORT"))?;
    let mut found: Vec<SocketAddr> = found.collect();
    // Where a name has both, most receivers listen on the older one.
    found.sort_by_key(SocketAddr::is_ipv6);
    found.into_iter().next().with_context(|| format!("--osc-out {text}: there is no such host"))
}
