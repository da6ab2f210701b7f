//! The control page's server through real sockets: pages stay in step, and nothing that a page or a network sends does harm.

#[path = "support/show.rs"]
mod show;

use oneiro_visuals::control::HubOptions;
use oneiro_visuals::control::cues::CueList;
use oneiro_visuals::control::server::{Server, ServerOptions};
use oneiro_visuals::show::controls::Control;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use show::{ask, ask_at, get, play};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tungstenite::{Message, WebSocket};

/// A page, as far as the server can tell.
struct Page(WebSocket<TcpStream>);

impl Page {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let (socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}/socket"), stream).unwrap();
        let mut page = Self(socket);
        page.until("hello", |m| m["type"] == "hello" && m["protocol"] == 1);
        page.say(&json!({ "type": "hello", "protocol": 1 }));
        page
    }

    fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).unwrap();
    }

    /// Whether it is sent away, soon, whatever it was still told.
    fn is_sent_away(&mut self) -> bool {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            match self.0.read() {
                Ok(_) => {}
                Err(tungstenite::Error::Io(e)) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return false;
                }
                Err(_) => return true,
            }
        }
        false
    }

    /// The next message that is wanted.
    fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if let Message::Text(text) = self.0.read().unwrap_or_else(|e| panic!("{what}: {e}")) {
                let message: Value = serde_json::from_str(&text).unwrap();
                if wanted(&message) {
                    return message;
                }
            }
        }
        panic!("{what} does not come");
    }
}

#[test]
fn two_pages_stay_in_step_and_a_third_that_comes_later_sees_the_same() {
    let show = play(HubOptions::default(), CueList::default());
    let server = show.serve(None);
    let (mut one, mut other) = (Page::open(server.port()), Page::open(server.port()));
    one.say(&json!({ "type": "set", "control": "zoom", "value": 2.5 }));
    for page in [&mut one, &mut other] {
        page.until("the value", |m| m["values"]["zoom"] == 2.5);
    }
    other.say(&json!({ "type": "name", "control": "scene", "name": "aurora" }));
    other.say(&json!({ "type": "set", "control": "switch-at", "value": 0 }));
    other.say(&json!({ "type": "name", "control": "scene", "name": "rosette" }));
    one.until("the scene", |m| m["scene"] == 2);
    one.say(&json!({ "type": "keep", "name": "look", "when": "now", "fade": 2 }));
    let cues = other.until("the cue", |m| m["type"] == "cues" && m["cues"][0]["name"] == "look");
    assert_eq!(cues["cues"][0]["scene"], "rosette");
    one.say(&json!({ "type": "learn", "control": "hue" }));
    other.until("the knob", |m| m["learning"] == "hue");
    assert!(show.handle.knobs().message(&[0xB0, 21, 127]));
    one.until("the knob", |m| m["map"]["hue"] == "CC21 ch1");
    one.until("its value", |m| m["values"]["hue"] == 0.5);
    let mut late = Page::open(server.port());
    let all = late.until("everything", |m| m["values"]["zoom"].is_number());
    assert_eq!((&all["values"]["zoom"], &all["values"]["hue"], &all["scene"]), (&json!(2.5), &json!(0.5), &json!(2)));
    assert!(all["music"]["tempo"].as_f64().is_some_and(|tempo| (tempo - 120.0).abs() < 1.0));
}

#[test]
fn nonsense_is_answered_and_who_sends_nothing_else_is_sent_away() {
    let seed: u64 = rand::rng().random();
    eprintln!("seed {seed}");
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let show = play(HubOptions::default(), CueList::default());
    let server = show.serve(None);
    let mut page = Page::open(server.port());
    for nonsense in ["", "{", "[1]", "{\"type\":\"fly\"}", "{\"type\":\"set\",\"control\":\"zoom\",\"value\":null}"] {
        page.0.send(Message::text(nonsense)).unwrap();
        page.until("an answer", |m| m["type"] == "error" && m["reason"].as_str().is_some_and(|why| !why.is_empty()));
    }
    page.0.send(Message::binary(vec![0; 100])).unwrap();
    page.until("an answer", |m| m["type"] == "error");
    // What is right is still done.
    page.say(&json!({ "type": "set", "control": "zoom", "value": 3.0 }));
    page.until("the value", |m| m["values"]["zoom"] == 3.0);
    // Too long.
    let mut long = Page::open(server.port());
    long.0.send(Message::text("x".repeat(100_000))).ok();
    assert!(long.is_sent_away(), "it stays open");
    // Random messages, some nearly right.
    let names = ["zoom", "scene", "guard", "no-such", "pad-x"];
    let types = ["set", "share", "press", "cue", "keep", "remove", "learn", "forget", "name", "keep", "watch", "hello"];
    for _ in 0..6 {
        let mut page = Page::open(server.port());
        for _ in 0..60 {
            let name = names[dice.random_range(0..names.len())];
            let value = [json!(dice.random::<f64>() * 9.0 - 4.0), json!("x"), json!(null), json!(1e300)]
                [dice.random_range(0..4)]
            .clone();
            let mut message =
                json!({ "type": types[dice.random_range(0..types.len())], "control": name, "value": value });
            if dice.random_bool(0.4) {
                message = json!({ "type": types[dice.random_range(0..types.len())], "name": name });
            }
            let mut text = message.to_string().into_bytes();
            if dice.random_bool(0.5) {
                let place = dice.random_range(0..text.len());
                text[place] = dice.random_range(32..127);
            }
            if page.0.send(Message::text(String::from_utf8(text).unwrap())).is_err() {
                break;
            }
        }
    }
    // Garbage where frames should be.
    for _ in 0..20 {
        let mut page = Page::open(server.port());
        let bytes: Vec<u8> = (0..dice.random_range(1..200)).map(|_| dice.random()).collect();
        std::io::Write::write_all(page.0.get_mut(), &bytes).ok();
    }
    let mut bad = Page::open(server.port());
    for _ in 0..80 {
        if bad.0.send(Message::text("nonsense")).is_err() {
            break;
        }
    }
    let mut reason = None;
    while let Ok(message) = bad.0.read() {
        if let Message::Close(Some(frame)) = message {
            reason = Some(frame.reason.to_string());
        }
    }
    assert!(reason.is_some_and(|reason| reason.contains("nothing of that")), "it is not sent away");
    page.say(&json!({ "type": "set", "control": "zoom", "value": 1.5 }));
    page.until("the value", |m| m["values"]["zoom"] == 1.5);
    show.until("the show lives", |now| now.settings.get(Control::Zoom) == 1.5);
}

#[test]
fn the_page_comes_with_a_strict_policy_and_foreign_names_and_pages_get_nothing() {
    let show = play(HubOptions::default(), CueList::default());
    let server = show.serve(None);
    let port = server.port();
    for (path, kind) in [
        ("/", "text/html"),
        ("/page.js", "text/javascript"),
        ("/style.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let (status, head, body) = get(port, path);
        assert!(status == 200 && head.contains(kind) && !body.is_empty(), "{path}: {head}");
        for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(head.contains(rule), "{path}: {head}");
        }
        assert!(!head.contains("unsafe"), "{head}");
    }
    let html = String::from_utf8(get(port, "/").2).unwrap();
    assert!(!html.contains("style=") && !html.contains("onclick="), "nothing in the page that its own policy forbids");
    assert_eq!(get(port, "/nothing").0, 404);
    let with = |line: &str| ask(port, &format!("GET / HTTP/1.1\r\n{line}\r\nConnection: close\r\n\r\n")).0;
    assert_eq!(with(&format!("Host: localhost:{port}")), 200);
    assert_eq!(with(&format!("Host: evil.example:{port}")), 421);
    assert_eq!(with(&format!("Host: 127.0.0.1:{port}\r\nOrigin: http://evil.example")), 403);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let socket = |origin: &str| {
        ask(port, &format!("GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {origin}\r\n{upgrade}\r\n\r\nx"))
            .0
    };
    assert_eq!(socket("http://evil.example"), 403);
    assert_eq!(socket(&format!("http://127.0.0.1:{port}")), 101);
    let long = format!(
        "POST /pair HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n{}",
        "1".repeat(100_000)
    );
    assert!(matches!(ask(port, &long).0, 413 | 0));
    assert!(get(port, &format!("/{}", "a".repeat(100_000))).0 != 200);
}

#[test]
fn from_the_network_nothing_is_had_without_the_code() {
    let show = play(HubOptions::default(), CueList::default());
    let (told, codes) = std::sync::mpsc::channel();
    let options = ServerOptions { port: Some(0), lan: true, osc_port: None };
    let server =
        Server::open(options, show.handle.clone(), Box::new(move |code| drop(told.send(code.to_owned())))).unwrap();
    let code = codes.try_recv().unwrap();
    let url = server.lan_url().unwrap();
    let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    if host.starts_with("127.") {
        eprintln!("left out: this machine is on no network");
        return;
    }
    let ask = |method: &str, path: &str, more: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        ask_at(&host, &request)
    };
    for path in ["/socket", "/page.js", "/stream.mjpeg", "/frame.jpg", "/osc/oneiro/zoom"] {
        assert_eq!(ask("GET", path, "", "").0, 401, "{path}");
    }
    let (status, _, page) = ask("GET", "/", "", "");
    assert!(status == 401 && String::from_utf8_lossy(&page).contains("six digits"));
    assert_eq!((ask("GET", "/pair", "", "").0, ask("GET", "/style.css", "", "").0), (200, 200));
    assert_eq!(ask("POST", "/pair", "", "no code").0, 403);
    assert_eq!(ask("POST", "/pair", "Origin: http://evil.example\r\n", &code).0, 403);
    let (status, head, _) = ask("POST", "/pair", "", &code);
    assert_eq!(status, 204, "{head}");
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    let token = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(ask("GET", "/page.js", &token, "").0, 200);
    assert_eq!(ask("GET", "/osc/oneiro/zoom", &token, "").0, 200);
    let answers: Vec<u16> = (0..8).map(|_| ask("POST", "/pair", "", "000000x").0).collect();
    assert!(answers.ends_with(&[429, 429]), "guessing goes on: {answers:?}");
    // Whoever sits at the machine needs none.
    assert_eq!(get(server.port(), "/page.js").0, 200);
}

#[test]
fn the_tree_of_addresses_has_values_of_now() {
    let show = play(HubOptions::default(), CueList::default());
    let server = show.serve(None);
    let json = |path: &str| -> Value { serde_json::from_slice(&get(server.port(), path).2).unwrap_or_default() };
    show.handle.order(oneiro_visuals::control::Order::Set(Control::Zoom, 1.75));
    show.until("zoom", |now| now.settings.get(Control::Zoom) == 1.75);
    let zoom = json("/osc/oneiro/zoom");
    assert_eq!((&zoom["VALUE"][0], &zoom["TYPE"]), (&json!(1.75), &json!("f")));
    assert_eq!(json("/osc/oneiro/zoom?VALUE"), json!({ "VALUE": [1.75] }));
    assert!(json("/osc")["CONTENTS"]["oneiro"]["CONTENTS"]["music"]["CONTENTS"]["beat"].is_object());
    assert_eq!(json("/osc?HOST_INFO")["NAME"], "Oneiro");
    assert_eq!(get(server.port(), "/osc/oneiro/nothing").0, 404);
}

#[test]
fn there_is_an_end_to_clients_and_a_server_that_is_gone_can_come_back_at_its_port() {
    let show = play(HubOptions::default(), CueList::default());
    let server = show.serve(None);
    let port = server.port();
    let mut pages: Vec<Page> = (0..32).map(|_| Page::open(port)).collect();
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(tungstenite::client(format!("ws://127.0.0.1:{port}/socket"), stream).is_err(), "one too many");
    drop(server);
    assert!(pages[0].is_sent_away(), "it is not told");
    drop(pages);
    let server = show.serve(Some(port));
    Page::open(server.port());
}
