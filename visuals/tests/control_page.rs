//! The control page in a real browser of the size of a phone: what a finger does arrives, two pages stay in step, and a
//! connection that was lost comes back.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/show.rs"]
mod show;

use browser::Browser;
use oneiro_visuals::control::cues::CueList;
use oneiro_visuals::control::{HubOptions, Order};
use oneiro_visuals::show::controls::Control;
use serde_json::json;
use show::play;

const PHONE: (u32, u32) = (390, 844);
const LINKED: &str = "document.body.dataset.link === 'open' && document.querySelectorAll('.slider').length > 8 && document.querySelectorAll('.card').length > 8";

#[test]
fn a_finger_moves_the_show_two_pages_stay_in_step_and_a_lost_connection_comes_back() {
    let Some(mut browser) = Browser::open() else { return };
    let show = play(HubOptions::default(), CueList::default());
    let server = show.serve(None);
    let (one, other) = (browser.visit(&server.url(), PHONE), browser.visit(&server.url(), PHONE));
    for tab in [&one, &other] {
        browser.until(tab, LINKED);
    }
    assert_eq!(browser.complaints, Vec::<String>::new());

    // A slider: half its width to the right is half its range.
    let [x, y, width, height] = browser.place(&one, "[data-control='push']");
    let middle = y + 0.5 * height;
    let along = |share: f64| (x + 20.0 + share * width, middle);
    browser.swipe(&one, &[along(0.0), along(0.1), along(0.3), along(0.5)]);
    let moved = |value: f64| (value - 2.5).abs() < 0.1;
    show.until("the slider", |now| moved(now.settings.get(Control::Push)));
    browser.until(
        &other,
        "Math.abs(document.querySelector(\"[data-control='push']\").getAttribute('aria-valuenow') - 2.5) < 0.1",
    );

    // The pad: its right upper quarter.
    let [x, y, width, height] = browser.place(&one, "#pad");
    browser.swipe(&one, &[(x + 0.5 * width, y + 0.5 * height), (x + 0.75 * width, y + 0.25 * height)]);
    show.until("the pad", |now| {
        (now.settings.get(Control::PadX) - 0.5).abs() < 0.03 && (now.settings.get(Control::PadY) - 0.5).abs() < 0.03
    });
    browser.until(
        &other,
        "Math.abs(parseFloat(document.getElementById('ring').style.getPropertyValue('--x')) - 0.75) < 0.03",
    );

    // What is at hand, a scene, a cue.
    browser.touch(&one, "[data-switch='black']");
    show.until("black", |now| now.settings.on(Control::Black));
    browser.until(&other, "document.querySelector(\"[data-switch='black']\").getAttribute('aria-pressed') === 'true'");
    show.handle.order(Order::Set(Control::SwitchAt, 0.0));
    browser.touch(&one, "[role=tab][data-tab='scenes']");
    browser.touch(&one, ".card:nth-child(4)");
    show.until("the scene", |now| now.scene == 3);
    browser.until(
        &other,
        "document.getElementById('scene').textContent === document.querySelector('.card:nth-child(4)').textContent",
    );
    browser.touch(&one, "[role=tab][data-tab='cues']");
    browser.value(&one, "document.getElementById('cue-name').value = 'first look'");
    browser.touch(&one, ".keep .trigger");
    show.until("the cue", |now| now.cues.list.find("first look").is_some());
    browser.until(&other, "document.querySelector('.cue')?.textContent.includes('first look') ?? false");

    // Big enough for a thumb, and nothing is cut off, in any of the panels.
    for tab in ["play", "scenes", "look", "cues", "setup"] {
        browser.touch(&one, &format!("[role=tab][data-tab='{tab}']"));
        let small = "[...document.querySelectorAll('button, .slider')].filter(e => e.offsetParent).map(e => [e.textContent, e.getBoundingClientRect()]) \
                     .filter(([, r]) => r.height < 43.5 || r.width < 43.5).map(([t]) => t)";
        assert_eq!(browser.value(&one, small), json!([]), "{tab}: too small for a thumb");
        assert_eq!(
            browser.value(&one, "document.documentElement.scrollWidth <= innerWidth"),
            json!(true),
            "{tab} is too wide"
        );
    }
    assert_eq!(browser.complaints, Vec::<String>::new());

    let port = server.port();
    drop(server);
    browser.until(&one, "document.body.dataset.link !== 'open'");
    browser.until(&other, "document.body.dataset.link !== 'open'");
    show.handle.order(Order::Set(Control::Push, 0.75));
    let _server = show.serve(Some(port));
    for tab in [&one, &other] {
        browser.until(tab, LINKED);
        browser
            .until(tab, "document.querySelector(\"[data-control='push']\").getAttribute('aria-valuenow') === '0.75'");
    }
}
