//! A page's connection.

use super::protocol::{self, Heard};
use super::routes::Shared;
use crate::control::preview::Watcher;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Time from one look at the show to the next.
const LOOK: Duration = Duration::from_millis(40);
/// Looks after which the machine's state is told again.
const FULL: u32 = 12;
/// How long a page may take to take a message.
const PATIENCE: Duration = Duration::from_secs(5);
/// A page that has said nothing for the second time, though it was asked after the first, is gone.
const SILENCE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));
/// Messages that a page may send at once, and a second.
const MESSAGES: f64 = 400.0;
/// Messages of no use, one after the other, after which a page is sent away.
const NONSENSE: u32 = 50;
/// Codes of RFC 6455 for a page that breaks the rules, and for a program that ends.
const RULES: u16 = 1008;
const AWAY: u16 = 1001;

/// Why a conversation ends.
enum End {
    /// The page is gone, or takes nothing any more.
    Gone,
    /// It is told why.
    Told(u16, &'static str),
}

/// Talks to a page until one of both ends it.
pub(super) async fn talk(mut socket: WebSocket, shared: Arc<Shared>, _place: OwnedSemaphorePermit) {
    let mut session = Session::new(&shared);
    if let End::Told(code, reason) = session.run(&mut socket).await {
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        // It may have gone before.
        drop(timeout(PATIENCE, socket.send(close)).await);
    }
}

struct Session<'a> {
    shared: &'a Shared,
    watcher: Option<Watcher>,
    budget: f64,
    counted: Instant,
    nonsense: u32,
}

impl<'a> Session<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self { shared, watcher: None, budget: MESSAGES, counted: Instant::now(), nonsense: 0 }
    }

    async fn run(&mut self, socket: &mut WebSocket) -> End {
        match self.converse(socket).await {
            Ok(end) | Err(end) => end,
        }
    }

    async fn converse(&mut self, socket: &mut WebSocket) -> Result<End, End> {
        let mut state = self.shared.handle.state();
        let mut knobs = self.shared.handle.knobs().seen();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut before, mut number) = (None, 0_u32);
        let (mut heard, mut asked) = (Instant::now(), Instant::now());
        say(socket, &protocol::hello()).await?;
        let seen = Arc::clone(&knobs.borrow_and_update());
        say(socket, &protocol::knobs(&seen)).await?;
        loop {
            tokio::select! {
                message = socket.recv() => {
                    let Some(Ok(message)) = message else { return Ok(End::Gone) };
                    heard = Instant::now();
                    self.take(socket, message).await?;
                }
                _ = looks.tick() => {
                    match state.has_changed() {
                        Ok(true) => {
                            let now = Arc::clone(&state.borrow_and_update());
                            number = number.wrapping_add(1);
                            for message in protocol::changes(before.as_deref(), &now, number.is_multiple_of(FULL)) {
                                say(socket, &message).await?;
                            }
                            before = Some(now);
                        }
                        Ok(false) => {}
                        Err(_) => return Ok(End::Told(AWAY, "the show is over")),
                    }
                    if heard.elapsed() > SILENCE.1 {
                        return Ok(End::Gone);
                    }
                    if heard.elapsed() > SILENCE.0 && asked.elapsed() > SILENCE.0 {
                        asked = Instant::now();
                        send(socket, Message::Ping(Bytes::new())).await?;
                    }
                }
                changed = knobs.changed() => {
                    if changed.is_err() {
                        return Ok(End::Told(AWAY, "the show is over"));
                    }
                    let seen = Arc::clone(&knobs.borrow_and_update());
                    say(socket, &protocol::knobs(&seen)).await?;
                }
                picture = picture(&mut self.watcher) => match picture {
                    Some(jpeg) => send(socket, Message::Binary(jpeg)).await?,
                    None => self.watcher = None,
                },
            }
        }
    }

    async fn take(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) => return self.complain(socket, "messages are text").await,
        };
        let now = Instant::now();
        self.budget = (self.budget + MESSAGES * now.duration_since(self.counted).as_secs_f64()).min(MESSAGES);
        self.counted = now;
        if self.budget < 1.0 {
            return self.complain(socket, "that is too much at once").await;
        }
        self.budget -= 1.0;
        match protocol::hear(text.as_str(), &self.shared.handle) {
            Heard::Done => self.nonsense = 0,
            Heard::Watch(on) => {
                self.nonsense = 0;
                self.watcher = on.then(|| self.shared.handle.small().watch());
            }
            Heard::Useless(why) => return self.complain(socket, &why).await,
        }
        Ok(())
    }

    async fn complain(&mut self, socket: &mut WebSocket, why: &str) -> Result<(), End> {
        self.nonsense += 1;
        if self.nonsense > NONSENSE {
            return Err(End::Told(RULES, "nothing of that was a message"));
        }
        say(socket, &protocol::error(why)).await
    }
}

/// The next picture; without a watcher there is never one.
async fn picture(watcher: &mut Option<Watcher>) -> Option<Bytes> {
    match watcher {
        Some(watcher) => watcher.next().await,
        None => std::future::pending().await,
    }
}

async fn say(socket: &mut WebSocket, message: &Value) -> Result<(), End> {
    send(socket, Message::text(message.to_string())).await
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(PATIENCE, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Gone),
    }
}
