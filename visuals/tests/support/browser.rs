//! Chromium without a window, driven over its DevTools protocol.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// How long a finger stays at a point.
const FINGER: Duration = Duration::from_millis(40);

/// A browser; ends when it is dropped.
pub struct Browser {
    child: Child,
    socket: WebSocket<TcpStream>,
    number: u64,
    /// What pages complained of.
    pub complaints: Vec<String>,
    _profile: TempDir,
}

/// A page, by its session.
pub struct Tab(String);

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Browser {
    /// Starts one; `None` where there is none and tests that need it are left out.
    pub fn open() -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let start = |program: &str| {
            Command::new(program)
                .args([
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--no-first-run",
                    "--remote-debugging-port=0",
                ])
                .arg(format!("--user-data-dir={}", profile.path().display()))
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
        };
        let Some(mut child) =
            ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| start(name).ok())
        else {
            assert!(std::env::var_os("CI").is_none(), "chromium is needed");
            eprintln!("left out: chromium is not here");
            return None;
        };
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address =
            lines.by_ref().find_map(|line| Some(line.ok()?.strip_prefix("DevTools listening on ")?.to_owned()));
        let address = address.expect("it says where it listens");
        // What it says besides is read, so that it never waits.
        std::thread::spawn(move || lines.for_each(drop));
        let host = address.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let (socket, _) = tungstenite::client(address.as_str(), stream).unwrap();
        Some(Self { child, socket, number: 0, complaints: Vec::new(), _profile: profile })
    }

    /// Calls a method, of the browser or of a page, and waits for the answer.
    pub fn call(&mut self, tab: Option<&Tab>, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut call = json!({ "id": self.number, "method": method, "params": params });
        if let Some(Tab(session)) = tab {
            call["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(call.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap_or_else(|e| panic!("{method}: {e}")) else { continue };
            let answer: Value = serde_json::from_str(&text).unwrap();
            match answer["method"].as_str() {
                Some("Runtime.exceptionThrown") => {
                    self.complaints.push(answer["params"]["exceptionDetails"].to_string())
                }
                Some("Log.entryAdded") if answer["params"]["entry"]["level"] == "error" => {
                    self.complaints.push(answer["params"]["entry"].to_string());
                }
                _ => {}
            }
            if answer["id"] == self.number {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// Opens an address in a page of its own, on a phone so many pixels wide and high.
    pub fn visit(&mut self, url: &str, (width, height): (u32, u32)) -> Tab {
        let target = self.call(None, "Target.createTarget", json!({ "url": "about:blank", "newWindow": true }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let tab = Tab(self.call(None, "Target.attachToTarget", attach)["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(Some(&tab), domain, json!({}));
        }
        let phone = json!({ "width": width, "height": height, "deviceScaleFactor": 2, "mobile": true });
        self.call(Some(&tab), "Emulation.setDeviceMetricsOverride", phone);
        self.call(Some(&tab), "Emulation.setTouchEmulationEnabled", json!({ "enabled": true }));
        // Both pages are as if they were looked at.
        self.call(Some(&tab), "Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        self.call(Some(&tab), "Page.navigate", json!({ "url": url }));
        tab
    }

    /// What an expression is in a page.
    pub fn value(&mut self, tab: &Tab, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        self.call(Some(tab), "Runtime.evaluate", asked)["result"]["value"].clone()
    }

    /// Waits until an expression is true in a page.
    pub fn until(&mut self, tab: &Tab, expression: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.value(tab, expression) != json!(true) {
            assert!(Instant::now() < end, "{expression} does not come true; {:?}", self.complaints);
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// A finger goes down at a point, along others, and up at the last.
    pub fn swipe(&mut self, tab: &Tab, points: &[(f64, f64)]) {
        // A page behind another, or one that was not drawn yet, may not be told of fingers.
        self.call(Some(tab), "Page.bringToFront", json!({}));
        self.until(tab, "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))");
        std::thread::sleep(4 * FINGER);
        let mut kind = "touchStart";
        for (x, y) in points {
            self.call(
                Some(tab),
                "Input.dispatchTouchEvent",
                json!({ "type": kind, "touchPoints": [{ "x": x, "y": y }] }),
            );
            kind = "touchMove";
            std::thread::sleep(FINGER);
        }
        self.call(Some(tab), "Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] }));
    }

    /// Where the first element of a selector is: left, top, width, height.
    pub fn place(&mut self, tab: &Tab, selector: &str) -> [f64; 4] {
        let expression = format!(
            "(({{x, y, width, height}}) => [x, y, width, height])(document.querySelector({selector:?}).getBoundingClientRect())"
        );
        let value = self.value(tab, &expression);
        [0, 1, 2, 3].map(|place| value[place].as_f64().unwrap_or_else(|| panic!("{selector}: {value}")))
    }

    /// Touches the middle of an element, a while after what was done before: a touch that comes at once counts for a browser as the
    /// end of a swipe, or as the second of two.
    pub fn touch(&mut self, tab: &Tab, selector: &str) {
        std::thread::sleep(10 * FINGER);
        let [x, y, width, height] = self.place(tab, selector);
        self.swipe(tab, &[(x + 0.5 * width, y + 0.5 * height)]);
    }
}
