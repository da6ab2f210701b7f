//! Who may come in: the right host name, no foreign page, and from the network the pairing code.

use super::Announce;
use axum::http::{HeaderMap, header};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use subtle::ConstantTimeEq;

/// Wrong codes that may be given at once, and seconds until another may be.
const TRIES: (f64, f64) = (5.0, 10.0);
/// After so many wrong codes there is another code.
const PATIENCE: u32 = 20;
/// Devices that are remembered; the oldest has to pair anew when there are more.
const DEVICES: usize = 32;

/// Decides who may come in.
pub(super) struct Gate {
    port: u16,
    lan: bool,
    announce: Announce,
    pairing: Mutex<Pairing>,
}

struct Pairing {
    /// Secrets come from the system's own source of chance.
    dice: ChaCha20Rng,
    code: String,
    tokens: Vec<String>,
    tries: f64,
    since: Instant,
    wrong: u32,
}

/// Why somebody may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It calls this machine by a name that is none of its own: a foreign page might (DNS rebinding).
    Host,
    /// A foreign page sent it.
    Origin,
    /// It has not paired.
    Pair,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is right: the token to come in with.
    Token(String),
    /// It is wrong.
    Wrong,
    /// Too many were wrong: not now.
    Later,
}

impl Gate {
    pub fn new(port: u16, lan: bool, announce: Announce) -> Self {
        let mut dice = ChaCha20Rng::from_os_rng();
        let code = code(&mut dice);
        if lan {
            announce(&code);
        }
        let pairing = Pairing { dice, code, tokens: Vec::new(), tries: TRIES.0, since: Instant::now(), wrong: 0 };
        Self { port, lan, announce, pairing: Mutex::new(pairing) }
    }

    fn lock(&self) -> MutexGuard<'_, Pairing> {
        // A thread that panicked here has left nothing half done that matters.
        self.pairing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request may come in.
    ///
    /// # Errors
    /// Why it may not.
    pub fn admit(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).filter(|host| self.is_ours(host)).ok_or(Refusal::Host)?;
        if text(header::ORIGIN).is_some_and(|origin| origin.strip_prefix("http://") != Some(host))
            || headers.contains_key(header::ORIGIN) && text(header::ORIGIN).is_none()
        {
            return Err(Refusal::Origin);
        }
        // Pictures that another page embeds come without an origin; browsers say so in another way.
        let fetch = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if fetch("sec-fetch-site") == Some("cross-site") && fetch("sec-fetch-mode") != Some("navigate") {
            return Err(Refusal::Origin);
        }
        if peer.ip().is_loopback() || self.knows(headers) {
            return Ok(());
        }
        Err(Refusal::Pair)
    }

    /// Whether a name is one of this machine's: an address, or the name of the loopback, with our port.
    fn is_ours(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        if port.parse() != Ok(self.port) {
            return false;
        }
        if name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let ip = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        ip.parse::<IpAddr>().is_ok_and(|ip| self.lan || ip.is_loopback())
    }

    fn cookie(&self) -> String {
        // Cookies know no ports.
        format!("oneiro{}", self.port)
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let given = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let given: Vec<&str> = given.filter(|(key, _)| *key == name).map(|(_, token)| token).collect();
        let pairing = self.lock();
        given.iter().any(|token| pairing.tokens.iter().any(|known| same(token, known)))
    }

    /// Somebody gives a code.
    pub fn pair(&self, given: &str) -> Answer {
        let mut pairing = self.lock();
        let now = Instant::now();
        let gone = now.duration_since(pairing.since).as_secs_f64();
        pairing.since = now;
        pairing.tries = (pairing.tries + gone / TRIES.1).min(TRIES.0);
        if pairing.tries < 1.0 {
            return Answer::Later;
        }
        if same(given, &pairing.code) {
            pairing.wrong = 0;
            let token = token(&mut pairing.dice);
            if pairing.tokens.len() >= DEVICES {
                pairing.tokens.remove(0);
            }
            pairing.tokens.push(token.clone());
            return Answer::Token(token);
        }
        pairing.tries -= 1.0;
        pairing.wrong += 1;
        if pairing.wrong >= PATIENCE {
            pairing.wrong = 0;
            pairing.code = code(&mut pairing.dice);
            (self.announce)(&pairing.code);
        }
        Answer::Wrong
    }

    /// The line that gives a token to a browser.
    pub fn set_cookie(&self, token: &str) -> String {
        format!("{}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=86400", self.cookie())
    }
}

/// Whether two secrets are the same; how long that takes says nothing of them but their lengths.
fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn code(dice: &mut ChaCha20Rng) -> String {
    format!("{:06}", dice.random_range(0..1_000_000))
}

fn token(dice: &mut ChaCha20Rng) -> String {
    let bytes: [u8; 32] = dice.random();
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // A string takes whatever is written.
        let _always = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn gate(lan: bool) -> (Gate, Arc<Mutex<Vec<String>>>) {
        let codes = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&codes);
        (Gate::new(7700, lan, Box::new(move |code| heard.lock().unwrap().push(code.to_owned()))), codes)
    }

    const HERE: ([u8; 4], u16) = ([127, 0, 0, 1], 40_000);
    const THERE: ([u8; 4], u16) = ([192, 168, 1, 7], 40_000);

    #[test]
    fn foreign_names_and_foreign_pages_stay_outside() {
        let (gate, codes) = gate(false);
        assert!(codes.lock().unwrap().is_empty(), "on the loopback there is no code");
        let admit = |pairs: &[(&'static str, &str)]| gate.admit(HERE.into(), &headers(pairs));
        assert_eq!(admit(&[("host", "127.0.0.1:7700")]), Ok(()));
        assert_eq!(admit(&[("host", "localhost:7700"), ("origin", "http://localhost:7700")]), Ok(()));
        assert_eq!(admit(&[("host", "[::1]:7700")]), Ok(()));
        for host in ["", "evil.example:7700", "127.0.0.1", "127.0.0.1:7701", "192.168.1.7:7700", "127.0.0.1.evil:7700"]
        {
            assert_eq!(admit(&[("host", host)]), Err(Refusal::Host), "{host}");
        }
        assert_eq!(admit(&[]), Err(Refusal::Host));
        for origin in ["http://evil.example", "https://127.0.0.1:7700", "null", "http://127.0.0.1:7701"] {
            assert_eq!(admit(&[("host", "127.0.0.1:7700"), ("origin", origin)]), Err(Refusal::Origin), "{origin}");
        }
        let embedded = [("host", "127.0.0.1:7700"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")];
        assert_eq!(admit(&embedded), Err(Refusal::Origin));
    }

    #[test]
    fn the_network_needs_the_code_and_guessing_is_slow_and_in_vain() {
        let (gate, codes) = gate(true);
        let host = ("host", "192.168.1.2:7700");
        assert_eq!(gate.admit(THERE.into(), &headers(&[host])), Err(Refusal::Pair));
        assert_eq!(gate.admit(THERE.into(), &headers(&[("host", "oneiro.example:7700")])), Err(Refusal::Host));
        let code = codes.lock().unwrap()[0].clone();
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
        let Answer::Token(token) = gate.pair(&code) else { panic!("the code is right") };
        let cookie = format!("theme=dark; oneiro7700={token}");
        assert_eq!(gate.admit(THERE.into(), &headers(&[host, ("cookie", &cookie)])), Ok(()));
        for cookie in ["oneiro7700=", "oneiro7700=00", &format!("oneiro7701={token}"), &format!("oneiro7700={token}0")]
        {
            assert_eq!(gate.admit(THERE.into(), &headers(&[host, ("cookie", cookie)])), Err(Refusal::Pair), "{cookie}");
        }
        let answers: Vec<Answer> = (0..8).map(|_| gate.pair("no code")).collect();
        assert!(answers.contains(&Answer::Wrong) && answers.last() == Some(&Answer::Later), "{answers:?}");
        assert_eq!(gate.pair(&code), Answer::Later, "even the right one waits");
        for _ in 0..2 * PATIENCE {
            gate.lock().tries = TRIES.0;
            gate.pair("no code");
        }
        assert!(codes.lock().unwrap().len() > 1, "there is another code");
        gate.lock().tries = TRIES.0;
        assert_eq!(gate.pair(&code), Answer::Wrong, "and the old one is none");
        assert_eq!(gate.admit(THERE.into(), &headers(&[host, ("cookie", &format!("oneiro7700={token}"))])), Ok(()));
    }
}
