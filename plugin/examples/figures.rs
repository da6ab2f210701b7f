//! What the plugin costs: time to load, to make and to activate it, memory, and shares of a processor's core, as Markdown.
//!
//! `figures [PLUGIN.clap]`: measures that file, or the one that was built last. The editor is measured where there is an X
//! server or Xvfb. Linux alone, for the numbers come from `/proc`.
#![allow(missing_docs)]

#[path = "../tests/host/mod.rs"]
mod host;

use host::window::{Opened, Xvfb};
use host::{Daw, INSTRUMENT, In, answers, library, load_from};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

type Events = Vec<(u64, In)>;

/// Nanoseconds that each thread of this process has run, with its name.
fn ran() -> BTreeMap<String, (String, u64)> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let text = |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let ran = text("schedstat").split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_default();
        let thread = entry.file_name().to_string_lossy().into_owned();
        // Threads without a name of their own have that of the program.
        let name =
            if thread == std::process::id().to_string() { "host".to_owned() } else { text("comm").trim().to_owned() };
        all.insert(thread, (name, ran));
    }
    all
}

/// Memory of its own, and all that lies in memory for it, in MiB.
fn memory() -> [f64; 2] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let mib = |name| line(name).trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0;
    [mib("RssAnon:"), mib("VmRSS:")]
}

/// What a stretch of playing in real time has cost.
struct Cost {
    /// Share of a core, by the names of threads.
    shares: BTreeMap<String, f64>,
    /// Milliseconds of the longest block of all instances together, and how many took longer than they last.
    longest_ms: f64,
    late: usize,
    blocks: usize,
}

impl Cost {
    fn share(&self, name: impl Fn(&str) -> bool) -> f64 {
        self.shares.iter().filter(|(thread, _)| name(thread)).map(|(_, share)| share).sum()
    }
}

/// Plays instances in real time, all of them the same events, which repeat every 16 beats.
fn play(daws: &mut [Daw], block: usize, seconds: f64, mut each: impl FnMut(&mut [Daw])) -> Cost {
    let rate = daws[0].rate;
    let (length, round) = (Duration::from_secs_f64(block as f64 / rate), daws[0].samples(16.0));
    let start = daws[0].now;
    daws.iter_mut().for_each(|daw| daw.locate(0.0));
    let call = daws[0].call(0.0);
    let (before, began) = (ran(), Instant::now());
    let (mut longest, mut late, mut blocks) = (Duration::ZERO, 0, 0);
    let mut next = began;
    while began.elapsed().as_secs_f64() < seconds {
        let into = (daws[0].now - start) % round;
        let shift = daws[0].now - into - start;
        let played = daws[0].playing;
        let events: Events = call
            .iter()
            .map(|(at, event)| (at + shift, *event))
            .filter(|(at, _)| played && *at >= daws[0].now)
            .collect();
        let at = Instant::now();
        for daw in daws.iter_mut() {
            if !played {
                daw.locate(0.0);
            }
            daw.block(block, &events);
        }
        let took = at.elapsed();
        (longest, late, blocks) = (longest.max(took), late + usize::from(took > length), blocks + 1);
        each(daws);
        next += length;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let (seconds, after) = (began.elapsed().as_secs_f64(), ran());
    let mut shares = BTreeMap::new();
    for (thread, (name, ran)) in after {
        let earlier = before.get(&thread).map_or(0, |(_, ran)| *ran);
        // Threads of one kind are numbered.
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == ':').to_owned();
        *shares.entry(name).or_insert(0.0) += (ran - earlier) as f64 / 1e9 / seconds;
    }
    Cost { shares, longest_ms: longest.as_secs_f64() * 1e3, late, blocks }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn row(what: &str, value: impl std::fmt::Display) {
    println!("| {what} | {value} |");
}

/// An instance that has opened its models and answered.
fn warm(entry: &clack_host::prelude::PluginEntry, block: u32) -> Daw {
    let mut daw = Daw::open(entry, INSTRUMENT);
    daw.offline(true);
    daw.activate(48_000.0, 1024);
    let (call, end) = (daw.call(0.0), daw.samples(14.0));
    assert!(!answers(&daw.play_to(end, &call, || 1024)).is_empty(), "it does not answer");
    daw.deactivate();
    daw.offline(false);
    daw.activate(48_000.0, block);
    daw
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).map_or_else(library, PathBuf::from);
    println!("| {} | |\n|---|---|", path.file_name().unwrap_or_default().to_string_lossy());
    let began = Instant::now();
    let entry = load_from(&path);
    let (loaded, before) = (began.elapsed().as_secs_f64() * 1e3, memory());
    row("loading the file", format!("{loaded:.1} ms"));
    let mut made: Vec<f64> = (0..21)
        .map(|_| {
            let began = Instant::now();
            let mut daw = Daw::open(&entry, INSTRUMENT);
            daw.activate(48_000.0, 512);
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    row("making and activating the first instance", format!("{:.1} ms", made[0]));
    made.sort_by(f64::total_cmp);
    row("the same, of 21 the median and the longest", format!("{:.1} ms, {:.1} ms", made[10], made[20]));

    let mut daws: Vec<Daw> = Vec::new();
    let mut counted = Vec::new();
    for count in [1, 2, 20] {
        while daws.len() < count {
            daws.push(warm(&entry, 64));
        }
        counted.push((count, memory()));
    }
    for (count, now) in &counted {
        let [own, all] = [now[0] - before[0], now[1] - before[1]];
        let name = if *count == 1 { "1 instance".to_owned() } else { format!("{count} instances") };
        row(&format!("memory of {name} that answered"), format!("{own:.1} MiB ({all:.1} MiB with mapped files)"));
    }
    let each = (counted[2].1[0] - counted[1].1[0]) / 18.0;
    row("memory of each further instance", format!("{each:.1} MiB"));

    let twenty = play(&mut daws, 64, 10.0, |_| ());
    row("20 instances that play, blocks of 64: all threads", percent(twenty.share(|_| true)));
    let late = format!("{:.2} ms of 1.33 ms; {} of {} late", twenty.longest_ms, twenty.late, twenty.blocks);
    row("20 instances that play, blocks of 64: longest block of all", late);
    daws.iter_mut().for_each(|daw| daw.playing = false);
    // What has sounded dies away first.
    play(&mut daws, 512, 8.0, |_| ());
    let standing = play(&mut daws, 512, 10.0, |_| ());
    row("20 instances that stand, blocks of 512: all threads, for each", percent(standing.share(|_| true) / 20.0));
    row("… of it the host's audio thread, with theirs in it", percent(standing.share(|name| name == "host") / 20.0));
    daws.truncate(1);
    let composes = |name: &str| name.starts_with("oneiro");
    for (name, playing) in [("stands", false), ("plays", true)] {
        daws[0].playing = playing;
        let cost = play(&mut daws, 512, 20.0, |_| ());
        row(
            &format!("1 instance that {name}, blocks of 512: all threads, the host's among them"),
            percent(cost.share(|_| true)),
        );
        row(&format!("1 instance that {name}: its composer's thread"), percent(cost.share(composes)));
    }

    let screen = if std::env::var_os("DISPLAY").is_none() { Xvfb::start(1280, 800) } else { None };
    if let Some(screen) = &screen {
        // SAFETY: the threads that run are the plugin's, and read no environment.
        #[allow(unsafe_code)]
        unsafe {
            std::env::set_var("DISPLAY", &screen.display);
        }
    }
    if std::env::var_os("DISPLAY").is_none() {
        return Ok(());
    }
    let window = Opened::new(&mut daws[0], None, 1.0)?;
    for (name, playing) in [("stands", false), ("plays", true)] {
        daws[0].playing = playing;
        let mut turn = |seconds: f64| {
            let mut pictures = 0;
            let cost = play(&mut daws, 512, seconds, |daws| {
                daws[0].instance.call_on_main_thread_callback();
                pictures += window.pictures();
            });
            (cost, pictures as f64 / seconds)
        };
        // What is compiled and drawn for the first time is not counted.
        turn(5.0);
        let (cost, pictures) = turn(15.0);
        row(&format!("editor of 980 × 620, the instance {name}: pictures a second"), format!("{pictures:.1}"));
        let draws = |name: &str| name.starts_with("llvmpipe") || name.contains(":gdrv") || name.contains(":sh");
        row("… drawing in software, in place of a graphics card", percent(cost.share(draws)));
        let host = |name: &str| name == "host" || composes(name);
        row("… the editor's own thread", percent(cost.share(|name| !draws(name) && !host(name))));
        for (thread, share) in cost.shares.iter().filter(|(_, share)| **share > 0.0005) {
            eprintln!("{name}: {thread} {}", percent(*share));
        }
    }
    window.close(&mut daws[0]);
    Ok(())
}
