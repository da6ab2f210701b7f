//! Complaints as users read them: one line, no longer than a screen, whatever the bytes held that are complained about.

use std::fmt::Display;

/// Characters of the longest complaint.
const LONGEST: usize = 1500;

/// An error's text on one line. Of a text that is too long the middle is left out: what happened stands at its beginning, what to
/// do at its end. Control characters become spaces.
pub fn one_line(error: &dyn Display) -> String {
    let text = error.to_string().replace(|c: char| c.is_control(), " ");
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = line.chars().count();
    if length <= LONGEST {
        return line;
    }
    let kept = LONGEST / 2 - 2;
    let (begin, end): (String, String) =
        (line.chars().take(kept).collect(), line.chars().skip(length - kept).collect());
    format!("{begin} … {end}")
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_complaint_is_one_short_line() {
        assert_eq!(
            one_line(&"unknown field `a\r\n\u{1b}[31mb`,\texpected `c`"),
            "unknown field `a [31mb`, expected `c`"
        );
        let long = format!("unknown field `{}`: give it a name", "é".repeat(100_000));
        let told = one_line(&long);
        assert!(told.chars().count() < 1500 && told.starts_with("unknown") && told.ends_with("a name"), "{told}");
    }
}
