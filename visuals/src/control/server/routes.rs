//! What is answered to which request.

use super::gate::{Answer, Gate, Refusal};
use super::listener::Peer;
use super::{protocol, socket, stream};
use crate::control::hub::Handle;
use crate::control::osc::query;
use crate::control::preview::Preview;
use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Greatest body of a request, in bytes.
const LARGEST: usize = 256;
/// How long a single picture is waited for.
const PICTURE: Duration = Duration::from_secs(3);

/// What all requests share.
pub(super) struct Shared {
    pub handle: Handle,
    pub gate: Gate,
    pub clients: Arc<Semaphore>,
    pub osc_port: Option<u16>,
}

type Here = State<Arc<Shared>>;

/// A file of the page: its path, its type, what is in it.
struct File(&'static str, &'static str, &'static str);

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const INDEX: File = File("/", HTML, include_str!("../page/index.html"));
const PAIR: File = File("/pair", HTML, include_str!("../page/pair.html"));
/// Files that a page needs before it has paired, too.
const OPEN: &[File] = &[
    File("/style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
    File("/icon.svg", "image/svg+xml", include_str!("../page/icon.svg")),
    File("/pair.js", SCRIPT, include_str!("../page/pair.js")),
];
const FILES: &[File] = &[
    File("/page.js", SCRIPT, include_str!("../page/page.js")),
    File("/link.js", SCRIPT, include_str!("../page/link.js")),
    File("/pad.js", SCRIPT, include_str!("../page/pad.js")),
    File("/parts.js", SCRIPT, include_str!("../page/parts.js")),
    File("/lists.js", SCRIPT, include_str!("../page/lists.js")),
];

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new()
        .route("/", get(|| async { file(&INDEX) }))
        .route("/pair", get(|| async { file(&PAIR) }).post(pair))
        .route("/socket", get(open))
        .route("/preview.mjpeg", get(preview))
        .route("/stream.mjpeg", get(large))
        .route("/frame.jpg", get(single))
        .route("/osc", get(root))
        .route("/osc/", get(root))
        .route("/osc/{*path}", get(node));
    for known in OPEN.iter().chain(FILES) {
        router = router.route(known.0, get(move || async move { file(known) }));
    }
    router
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing here\n") })
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(from_fn_with_state(Arc::clone(&shared), guarded))
        .with_state(shared)
}

/// Lets in who may come in, and adds to every answer what a browser must keep to.
async fn guarded(State(shared): Here, ConnectInfo(peer): ConnectInfo<Peer>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).cloned();
    let path = request.uri().path();
    let mut response = match shared.gate.admit(peer.0, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(Refusal::Pair) if path == PAIR.0 || OPEN.iter().any(|open| open.0 == path) => next.run(request).await,
        Err(Refusal::Pair) if path == INDEX.0 => (StatusCode::UNAUTHORIZED, file(&PAIR)).into_response(),
        Err(Refusal::Pair) => (StatusCode::UNAUTHORIZED, "the code is needed first\n").into_response(),
        Err(Refusal::Host) => {
            let why = "this is no name of this machine: use its address as the program shows it\n";
            (StatusCode::MISDIRECTED_REQUEST, why).into_response()
        }
        Err(Refusal::Origin) => (StatusCode::FORBIDDEN, "another page may not ask for this\n").into_response(),
    };
    let headers = response.headers_mut();
    // Some browsers do not count the socket among what `'self'` means; the name was looked at above.
    let socket =
        host.as_ref().and_then(|host| host.to_str().ok()).map(|host| format!(" ws://{host}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'{socket}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn file(File(_, kind, text): &'static File) -> Response {
    ([(header::CONTENT_TYPE, *kind)], *text).into_response()
}

/// A code comes as the whole body: six digits.
async fn pair(State(shared): Here, body: Bytes) -> Response {
    match shared.gate.pair(std::str::from_utf8(&body).unwrap_or_default().trim()) {
        Answer::Token(token) => {
            (StatusCode::NO_CONTENT, [(header::SET_COOKIE, shared.gate.set_cookie(&token))]).into_response()
        }
        Answer::Wrong => (StatusCode::FORBIDDEN, "that is not the code\n").into_response(),
        Answer::Later => (StatusCode::TOO_MANY_REQUESTS, "too many were wrong: wait a little\n").into_response(),
    }
}

/// A place among the clients, where there is one.
fn place(shared: &Shared) -> Option<OwnedSemaphorePermit> {
    Arc::clone(&shared.clients).try_acquire_owned().ok()
}

fn full() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "there are too many already\n").into_response()
}

async fn open(State(shared): Here, upgrade: WebSocketUpgrade) -> Response {
    let Some(place) = place(&shared) else { return full() };
    upgrade
        .max_message_size(protocol::LARGEST)
        .max_frame_size(protocol::LARGEST)
        .on_upgrade(move |open| socket::talk(open, shared, place))
}

async fn preview(State(shared): Here) -> Response {
    streamed(&shared, shared.handle.small())
}

async fn large(State(shared): Here) -> Response {
    streamed(&shared, shared.handle.stream())
}

fn streamed(shared: &Shared, preview: &Preview) -> Response {
    let Some(place) = place(shared) else { return full() };
    ([(header::CONTENT_TYPE, stream::TYPE)], stream::body(preview, place)).into_response()
}

async fn single(State(shared): Here) -> Response {
    let mut watcher = shared.handle.stream().watch();
    match tokio::time::timeout(PICTURE, watcher.next()).await {
        Ok(Some(jpeg)) => ([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "there is no picture yet\n").into_response(),
    }
}

async fn root(state: Here, query: RawQuery) -> Response {
    answer(&state, "", query)
}

async fn node(state: Here, Path(path): Path<String>, query: RawQuery) -> Response {
    answer(&state, &path, query)
}

/// A node of the tree, or the one attribute that was asked for.
fn answer(shared: &Shared, path: &str, RawQuery(attribute): RawQuery) -> Response {
    let json = |value: serde_json::Value| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        (headers, value.to_string()).into_response()
    };
    if attribute.as_deref() == Some("HOST_INFO") {
        return json(query::host(shared.osc_port));
    }
    let Some(mut node) = query::node(path, &shared.handle.now()) else {
        return (StatusCode::NOT_FOUND, "there is no such address\n").into_response();
    };
    match attribute.filter(|attribute| !attribute.is_empty()) {
        None => json(node),
        Some(attribute) => match node.get_mut(&attribute) {
            Some(value) => json(serde_json::json!({ attribute: value.take() })),
            None => (StatusCode::NO_CONTENT, "").into_response(),
        },
    }
}
