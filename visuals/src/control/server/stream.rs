//! Pictures one after the other, as browsers and OBS take them: `multipart/x-mixed-replace`.

use crate::control::preview::Preview;
use axum::body::{Body, Bytes};
use futures_core::Stream;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Receiver, channel};

/// What stands between two pictures.
pub(super) const TYPE: &str = "multipart/x-mixed-replace; boundary=picture";

/// Parts of a body as they come.
struct Parts(Receiver<Bytes>);

impl Stream for Parts {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().0.poll_recv(context).map(|part| part.map(Ok))
    }
}

/// A body with every picture that the receiver is quick enough for.
pub(super) fn body(preview: &Preview, place: OwnedSemaphorePermit) -> Body {
    let (sender, parts) = channel(1);
    let mut watcher = preview.watch();
    tokio::spawn(async move {
        let _place = place;
        loop {
            let picture = tokio::select! {
                picture = watcher.next() => picture,
                // Whoever watched is gone.
                () = sender.closed() => return,
            };
            let Some(jpeg) = picture else { return };
            let mut part =
                format!("--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len()).into_bytes();
            part.extend_from_slice(&jpeg);
            part.extend_from_slice(b"\r\n");
            if sender.send(part.into()).await.is_err() {
                return;
            }
        }
    });
    Body::from_stream(Parts(parts))
}
