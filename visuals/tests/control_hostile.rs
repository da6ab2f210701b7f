//! Whoever means harm over the network: nothing listens outside of this machine unasked, no path leads out of the page, and no name
//! of somebody else's is taken for one of this machine.

#[path = "support/show.rs"]
mod show;

use oneiro_visuals::control::HubOptions;
use oneiro_visuals::control::cues::CueList;
use oneiro_visuals::control::osc::OscIn;
use show::{ask, ask_at, play};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::time::Duration;

/// This machine's address on a network, if it is on one. Nothing is sent: 192.0.2.1 is nobody's (RFC 5737).
fn outside() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}

#[test]
fn nothing_listens_outside_of_this_machine_unasked() {
    let show = play(HubOptions::default(), CueList::default());
    let server = show.serve(None);
    assert!(server.lan_url().is_none() && server.url().starts_with("http://127.0.0.1:"));
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_ok());
    let Some(ip) = outside() else { return eprintln!("left out: this machine is on no network") };
    let there = TcpStream::connect_timeout(&(ip, server.port()).into(), Duration::from_millis(500));
    assert!(there.is_err(), "the page answers at {ip}");
}

#[test]
fn no_path_leads_out_of_the_page() {
    let show = play(HubOptions::default(), CueList::default());
    let server = show.serve(None);
    let port = server.port();
    let get =
        |path: &str| ask(port, &format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"));
    assert_eq!(get("/page.js").0, 200);
    for path in [
        "/../Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/page.js/../../../../etc/passwd",
        "//etc/passwd",
        "/\\..\\..\\etc\\passwd",
        "/page.js%00.html",
        "/osc/../../etc/passwd",
        "/osc/%2e%2e/%2e%2e/etc/passwd",
        "file:///etc/passwd",
        "/control/page/page.js",
    ] {
        let (status, head, body) = get(path);
        assert!(matches!(status, 0 | 400 | 404 | 421), "{path}: {head}");
        assert!(!String::from_utf8_lossy(&body).contains("root:"), "{path}");
    }
}

#[test]
fn names_that_only_look_like_this_machine_are_refused() {
    let show = play(HubOptions::default(), CueList::default());
    let server = show.serve(None);
    let port = server.port();
    let with = |host: &str| ask(port, &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).0;
    assert_eq!(with(&format!("LocalHost:{port}")), 200);
    for host in [
        format!("localhost.:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("127.0.0.1.nip.example:{port}"),
        format!("evil@127.0.0.1:{port}"),
        format!("0.0.0.0:{port}"),
        format!("0x7f000001:{port}"),
        format!("[::ffff:192.0.2.1]:{port}"),
        "127.0.0.1".to_owned(),
        String::new(),
    ] {
        assert_ne!(with(&host), 200, "{host}");
    }
    // Two of them: neither is believed.
    let two = format!("GET / HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    assert_ne!(ask(port, &two).0, 200);
    let none = ask_at(&format!("127.0.0.1:{port}"), "GET / HTTP/1.0\r\n\r\n").0;
    assert_ne!(none, 200);
}

#[test]
fn osc_takes_a_flood_and_goes_on() {
    let show = play(HubOptions::default(), CueList::default());
    let osc = OscIn::open(([127, 0, 0, 1], 0).into(), show.handle.clone()).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let large = vec![b'#'; 60_000];
    for round in 0..2_000_u32 {
        let bytes = if round % 2 == 0 { &large[..] } else { b"/oneiro/zoom\0\0\0\0,f\0\0\x7f\xc0\0\0" };
        // What finds no room in the system's buffer is lost, as floods are.
        let _lost = socket.send_to(bytes, osc.address());
    }
    std::thread::sleep(Duration::from_millis(300));
    let zoom = b"/oneiro/zoom\0\0\0\0,f\0\0\x40\0\0\0";
    show.until("an order after the flood", |now| {
        let _sent = socket.send_to(zoom, osc.address());
        now.settings.get(oneiro_visuals::show::controls::Control::Zoom) == 2.0
    });
    assert!(osc.useless() > 0);
}
