//! Work that may panic. A panic is caught, said in one line, and ends that work alone.
//!
//! Threads that serve a performance (the composer's, the painter's, the link's, the learner's) do their work in [`caught`]: a fault in one
//! of them costs what that one does, and neither the sound nor the rest of the program. What they do is in memory of their own, and whoever
//! begins anew with something that such work had, takes only what cannot have been left half done.

use crate::complaint::one_line;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

/// How often a worker is begun, the first time included, before it is given up: what fails again and again does no good.
pub const LIVES: u32 = 3;
/// Longest reason, in letters.
const LONGEST: usize = 200;

thread_local! {
    /// Whether panics of this thread are caught.
    static CATCHES: Cell<bool> = const { Cell::new(false) };
    /// What the last one of them said.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Does some work; where it panics, gives the reason and its place in the sources, in one line. Nothing is written to the terminal then,
/// which may be a screen of ours or a host's, unless `RUST_BACKTRACE` asks for more.
///
/// # Errors
/// That line.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    take_word();
    let before = CATCHES.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    CATCHES.set(before);
    done.map_err(|payload| SAID.take().unwrap_or_else(|| reason(&*payload)))
}

/// Whether panics of this thread are caught: for whoever hears of panics as well.
pub fn catches() -> bool {
    // A thread that is ending has nothing any more.
    CATCHES.try_with(Cell::get).unwrap_or(false)
}

/// Hears what panics say, on the threads whose panics are caught; on others all is as it was.
fn take_word() {
    static ONCE: Once = Once::new();
    // While a thread panics nobody may listen to another; what it says then is known without its place.
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if catches() {
                let place = info.location().map(|place| {
                    let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
                    format!(", {file}:{}", place.line())
                });
                let said = format!("{}{}", reason(info.payload()), place.unwrap_or_default());
                let _ending = SAID.try_with(|last| last.replace(Some(said)));
            }
            if !catches() || std::env::var_os("RUST_BACKTRACE").is_some_and(|wish| wish != "0") {
                before(info);
            }
        }));
    });
}

/// What a panic says, in one line that is not too long.
fn reason(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("for no reason given");
    one_line(&text).chars().take(LONGEST).collect()
}

/// A place where a test can have a worker fail: `ONEIRO_PANIC=WHO:PASSES` lets it panic when it has come by here so many times, and
/// `WHO:PASSES+` each time that it has. Only in builds with debug assertions; in others this is nothing.
///
/// # Panics
/// Where it is asked to.
#[track_caller]
pub fn trap(who: &str) {
    #[cfg(debug_assertions)]
    {
        use std::sync::OnceLock;
        use std::sync::atomic::{AtomicU64, Ordering};
        static WISH: OnceLock<Option<(String, u64, bool)>> = OnceLock::new();
        static PASSES: AtomicU64 = AtomicU64::new(1);
        let wish = || {
            let wish = std::env::var("ONEIRO_PANIC").ok()?;
            let (who, passes) = wish.split_once(':')?;
            let count = passes.trim_end_matches('+').parse().ok().filter(|count| *count > 0)?;
            Some((who.to_owned(), count, passes.ends_with('+')))
        };
        if let Some((_, count, again)) = WISH.get_or_init(wish).as_ref().filter(|(whose, ..)| whose == who) {
            let pass = PASSES.fetch_add(1, Ordering::Relaxed);
            assert!(pass != *count && !(*again && pass.is_multiple_of(*count)), "ONEIRO_PANIC asked for it");
        }
    }
    #[cfg(not(debug_assertions))]
    let _nobody = who;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_one_line_with_its_place_and_what_goes_well_is_given_back() {
        assert_eq!(caught(|| 7), Ok(7));
        let none: Vec<u8> = Vec::new();
        let said = caught(|| none[std::hint::black_box(3)]).unwrap_err();
        assert!(said.contains("the len is 0 but the index is 3, caught.rs:"), "{said}");
        let said = caught(|| panic!("one\ntwo {}", "long ".repeat(100))).unwrap_err();
        assert!(said.starts_with("one two long ") && !said.contains('\n') && said.len() < 240, "{said}");
        // One within another, and what panics with nothing that can be said.
        let outer = caught(|| caught(|| std::panic::panic_any(5)).unwrap_err());
        assert!(outer.unwrap().starts_with("for no reason given, caught.rs:"));
        assert_eq!(caught(|| caught(|| panic!("inner")).is_err()), Ok(true));
    }

    #[test]
    fn a_panic_while_something_is_cleared_up_is_caught_too() {
        struct Untidy;
        impl Drop for Untidy {
            fn drop(&mut self) {
                assert!(caught(|| panic!("again")).is_err());
            }
        }
        let said = caught(|| {
            let _untidy = Untidy;
            panic!("first")
        });
        assert!(said.is_err());
    }
}
