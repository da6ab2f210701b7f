//! The control page and what goes with it, over HTTP: on the loopback address, or on the local network with a pairing code.
//!
//! | Address | What |
//! |---|---|
//! | `/` | the page |
//! | `/socket` | orders and state: see [`protocol`] |
//! | `/preview.mjpeg`, `/stream.mjpeg` | the picture, small and large, for a page and for other programs |
//! | `/frame.jpg` | one picture |
//! | `/osc/…` | the tree of OSC's addresses: see [`super::osc::query`] |
//! | `/pair` | where a code is given |

pub mod protocol;

mod gate;
mod listener;
mod routes;
mod socket;
mod stream;

use super::hub::Handle;
use gate::Gate;
use listener::Limited;
use routes::Shared;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{Semaphore, oneshot};

/// The port that is taken where none is asked for; where it is not free, one of those after it.
pub const PORT: u16 = 7700;
/// How many ports are tried.
const PORTS: u16 = 10;
/// Pages and streams that may be open at once.
const CLIENTS: usize = 32;

/// How the server is to be.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerOptions {
    /// This port and no other; 0 is any that is free.
    pub port: Option<u16>,
    /// On the local network too, for those who give the code.
    pub lan: bool,
    /// Where OSC comes in, for those who ask.
    pub osc_port: Option<u16>,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[error("no control page at {address}: {source}")]
pub struct ServerError {
    /// Where it was to be.
    pub address: SocketAddr,
    /// Why not.
    pub source: std::io::Error,
}

/// Tells somebody a pairing code: the first one, and each that takes its place.
pub type Announce = Box<dyn Fn(&str) + Send + Sync>;

/// The server, as long as this lives.
#[derive(Debug)]
pub struct Server {
    port: u16,
    lan: bool,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Opens it. With `lan`, codes are announced.
    ///
    /// # Errors
    /// [`ServerError`] where the port is taken.
    pub fn open(options: ServerOptions, handle: Handle, announce: Announce) -> Result<Self, ServerError> {
        let ip = IpAddr::from(if options.lan { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST });
        let ports = options.port.map_or(PORT..=PORT + PORTS - 1, |port| port..=port);
        let first = SocketAddr::from((ip, *ports.start()));
        let listener = bind(ip, ports).map_err(|source| ServerError { address: first, source })?;
        let fail = |source| ServerError { address: first, source };
        listener.set_nonblocking(true).map_err(fail)?;
        let port = listener.local_addr().map_err(fail)?.port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
        let shared = Arc::new(Shared {
            handle,
            gate: Gate::new(port, options.lan, announce),
            clients: Arc::new(Semaphore::new(CLIENTS)),
            osc_port: options.osc_port,
        });
        let (stop, stopped) = oneshot::channel();
        let serve = async move {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            let service = routes::router(shared).into_make_service_with_connect_info::<listener::Peer>();
            tokio::select! {
                // It serves for ever.
                _ = axum::serve(Limited::new(listener), service) => {}
                _ = stopped => {}
            }
        };
        let run = move || runtime.block_on(serve);
        let thread = std::thread::Builder::new().name("control page".into()).spawn(run).map_err(fail)?;
        Ok(Self { port, lan: options.lan, stop: Some(stop), thread: Some(thread) })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it is found from this machine.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Where it is found from others, where it may be.
    pub fn lan_url(&self) -> Option<String> {
        self.lan.then(|| format!("http://{}:{}/", lan_address(), self.port))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has ended it already.
            drop(thread.join());
        }
    }
}

fn bind(ip: IpAddr, ports: std::ops::RangeInclusive<u16>) -> std::io::Result<TcpListener> {
    let mut last = None;
    for port in ports {
        match TcpListener::bind((ip, port)) {
            Ok(listener) => return Ok(listener),
            Err(e) => last = Some(e),
        }
    }
    Err(last.unwrap_or_else(|| std::io::Error::other("no port to try")))
}

/// The address of this machine by which it would reach others. Nothing is sent: 192.0.2.1 is nobody's (RFC 5737).
fn lan_address() -> IpAddr {
    let route = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    };
    route().map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip())
}
