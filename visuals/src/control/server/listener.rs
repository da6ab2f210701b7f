//! Connections, but not more than there is room for, and none that stand still: whoever opens many and says nothing would keep
//! everybody else outside.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::collections::HashMap;
use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Connections at once; others wait at the door.
const MOST: usize = 128;
/// Connections of one address at once; more are closed.
const MOST_OF_ONE: usize = 96;
/// A connection over which nothing came or went for so long is closed. Pages are asked for a sign of life more often.
const STILL: Duration = Duration::from_secs(45);

/// A listener that counts its connections.
pub(super) struct Limited {
    listener: TcpListener,
    room: Arc<Semaphore>,
    peers: Arc<Mutex<HashMap<IpAddr, usize>>>,
    still: Duration,
}

impl Limited {
    pub fn new(listener: TcpListener) -> Self {
        Self { listener, room: Arc::new(Semaphore::new(MOST)), peers: Arc::default(), still: STILL }
    }
}

/// A connection, and its place among them.
pub(super) struct Counted {
    stream: TcpStream,
    patience: Duration,
    still: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
    _one: One,
}

/// One of the connections of an address.
struct One {
    peers: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl One {
    /// Where there is room for another of this address.
    fn of(peers: &Arc<Mutex<HashMap<IpAddr, usize>>>, address: IpAddr) -> Option<Self> {
        // Numbers alone: a panic leaves nothing half done.
        let mut known = peers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = known.entry(address).or_default();
        if *count >= MOST_OF_ONE {
            return None;
        }
        *count += 1;
        Some(Self { peers: Arc::clone(peers), address })
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let mut known = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = known.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                known.remove(&self.address);
            }
        }
    }
}

impl Counted {
    /// Something came or went.
    fn moved(&mut self) {
        self.still.as_mut().reset(Instant::now() + self.patience);
    }

    /// Nothing did yet: an error where that has lasted too long.
    fn waits<T>(&mut self, context: &mut Context<'_>) -> Poll<Result<T>> {
        match self.still.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(Error::from(ErrorKind::TimedOut))),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

impl Listener for Limited {
    type Io = Counted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Counted, SocketAddr) {
        // Nobody closes the semaphore.
        let place = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, peer, one) = loop {
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            if let Some(one) = One::of(&self.peers, peer.ip()) {
                break (stream, peer, one);
            }
        };
        // What is ordered is small and wants to be there at once; where that cannot be said, it is a little later.
        let _slower = stream.set_nodelay(true);
        let (patience, still) = (self.still, Box::pin(sleep(self.still)));
        (Counted { stream, patience, still, _place: place, _one: one }, peer)
    }

    fn local_addr(&self) -> Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Limited>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Limited>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl AsyncRead for Counted {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let counted = self.get_mut();
        match Pin::new(&mut counted.stream).poll_read(context, buffer) {
            Poll::Pending => counted.waits(context),
            ready => {
                counted.moved();
                ready
            }
        }
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let counted = self.get_mut();
        match Pin::new(&mut counted.stream).poll_write(context, bytes) {
            Poll::Pending => counted.waits(context),
            ready => {
                counted.moved();
                ready
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::net::TcpStream as Guest;

    /// What comes of reading from a connection.
    async fn read(counted: &mut Counted) -> Result<usize> {
        let mut bytes = [0; 8];
        let mut buffer = ReadBuf::new(&mut bytes);
        poll_fn(|context| Pin::new(&mut *counted).poll_read(context, &mut buffer)).await?;
        Ok(buffer.filled().len())
    }

    #[test]
    fn a_connection_that_stands_still_is_closed_and_one_address_has_not_all_of_them() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut limited = Limited { still: Duration::from_millis(150), ..Limited::new(listener) };
            let mut guests: Vec<Guest> = Vec::new();
            let mut open = Vec::new();
            for _ in 0..MOST_OF_ONE {
                guests.push(Guest::connect(address).unwrap());
                open.push(limited.accept().await.0);
            }
            // One too many is closed, and is not in the way of the next.
            let refused = Guest::connect(address).unwrap();
            let room = limited.peers.lock().unwrap().values().copied().collect::<Vec<_>>();
            assert_eq!(room, [MOST_OF_ONE]);
            let waits = tokio::time::timeout(Duration::from_millis(100), limited.accept()).await;
            assert!(waits.is_err() && std::io::Read::read(&mut &refused, &mut [0; 1]).is_ok_and(|read| read == 0));
            drop(open.pop());
            let began = Instant::now();
            guests.push(Guest::connect(address).unwrap());
            let (mut last, _) = limited.accept().await;
            let error = read(&mut last).await.unwrap_err();
            assert!(error.kind() == ErrorKind::TimedOut && began.elapsed() >= limited.still, "{error}");
        });
    }
}
