//! OSC in: a thread that reads packets, and keeps what is for later until then.

use super::OscError;
use super::packet::{LARGEST, Timed, read};
use crate::control::hub::Handle;
use crate::control::order::Order;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// Orders that wait for their time; more are dropped and counted.
const WAITING: usize = 1024;
/// Longest time that the thread sleeps at once.
const REST: Duration = Duration::from_millis(50);

/// OSC in, as long as this lives.
#[derive(Debug)]
pub struct OscIn {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    useless: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl OscIn {
    /// Listens at an address; port 0 takes any that is free.
    ///
    /// # Errors
    /// [`OscError`] where the address cannot be had.
    pub fn open(address: SocketAddr, handle: Handle) -> Result<Self, OscError> {
        let fail = |source| OscError { what: format!("in at {address}"), source };
        let socket = UdpSocket::bind(address).map_err(fail)?;
        socket.set_read_timeout(Some(REST)).map_err(fail)?;
        let address = socket.local_addr().map_err(fail)?;
        let (stop, useless) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let listener =
            Listener { socket, handle, stop: Arc::clone(&stop), useless: Arc::clone(&useless), waiting: Vec::new() };
        let thread = std::thread::Builder::new().name("osc in".into()).spawn(move || listener.run()).map_err(fail)?;
        Ok(Self { address, stop, useless, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Packets and messages that were of no use.
    pub fn useless(&self) -> u64 {
        self.useless.load(Ordering::Relaxed)
    }
}

impl Drop for OscIn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there has ended it already.
            drop(thread.join());
        }
    }
}

struct Listener {
    socket: UdpSocket,
    handle: Handle,
    stop: Arc<AtomicBool>,
    useless: Arc<AtomicU64>,
    /// What is for later, the latest first.
    waiting: Vec<(Instant, Order)>,
}

impl Listener {
    fn run(mut self) {
        // One more than is wanted, so that what is too long is seen to be.
        let mut bytes = vec![0; LARGEST + 1];
        while !self.stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            while let Some((_, order)) = self.waiting.pop_if(|(at, _)| *at <= now) {
                self.handle.order(order);
            }
            let rest = self.waiting.last().map_or(REST, |(at, _)| (*at - now).clamp(Duration::from_millis(1), REST));
            if self.socket.set_read_timeout(Some(rest)).is_err() {
                return;
            }
            // Errors are time-outs, and on some systems news of packets sent to nobody.
            let Ok((length, _)) = self.socket.recv_from(&mut bytes) else { continue };
            match read(&bytes[..length], SystemTime::now()) {
                Ok((orders, useless)) => {
                    self.useless.fetch_add(useless as u64, Ordering::Relaxed);
                    orders.into_iter().for_each(|timed| self.take(timed));
                }
                Err(_) => drop(self.useless.fetch_add(1, Ordering::Relaxed)),
            }
        }
    }

    fn take(&mut self, Timed { wait, order }: Timed) {
        if wait.is_zero() {
            self.handle.order(order);
        } else if self.waiting.len() < WAITING {
            let at = Instant::now() + wait;
            let place = self.waiting.partition_point(|(other, _)| *other > at);
            self.waiting.insert(place, (at, order));
        } else {
            self.useless.fetch_add(1, Ordering::Relaxed);
        }
    }
}
