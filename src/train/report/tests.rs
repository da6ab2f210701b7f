use super::*;
use crate::train::history::Session;
use image::RgbImage;

fn history() -> History {
    let mut history = History::default();
    let session = Session {
        command: "oneiro train image-gan --data '<my> pictures'".into(),
        device: "processor, one thread".into(),
        settings: serde_json::json!({"kind": "image-gan", "rate": 4e-4, "shape": {"size": 64}}),
        decisive: Some("frechet".into()),
        examples: None,
        data: vec![("held out".into(), "12".into())],
    };
    let line = |text: serde_json::Value| text.to_string();
    history.take(&line(serde_json::json!({"step": 0, "steps": 400, "session": session}))).unwrap();
    for step in 1..=30 {
        let figures = serde_json::json!({"g/loss": 5.0 / step as f64, "g/gradient_norm": 1.0, "seen/real": -0.5});
        let text = serde_json::json!({"step": step * 10, "steps": 400, "seconds": step, "train": figures, "raw": figures,
            "rates": {"g": 1e-3, "d": 2e-3}, "examples_per_second": 12.34});
        history.take(&line(text)).unwrap();
        if step % 10 == 0 {
            let text =
                serde_json::json!({"step": step * 10, "validation": {"frechet": 100.0 - step as f64, "spread": 0.9}});
            history.take(&line(text)).unwrap();
        }
    }
    history
}

#[test]
fn a_report_holds_all_that_a_reader_asks_for_and_nothing_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    for step in [100, 200, 300, 900] {
        let picture = RgbImage::from_fn(700, 500, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
        picture.save(folder.path().join(format!("samples-{step:06}.png"))).unwrap();
    }
    std::fs::write(folder.path().join("samples-000200.png"), b"damaged").unwrap();
    write(folder.path(), &history()).unwrap();
    let html = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
    for part in [
        "<h1>image-gan</h1>",
        "under way",
        "300 of 400",
        "prefers-color-scheme: dark",
        "http-equiv=refresh",
        "best frechet, at step 300",
        "&lt;my&gt; pictures",
        "shape, size",
        "g/gradient_norm",
        "learning rate",
        "<td>held out</td><td>12</td>",
    ] {
        assert!(html.contains(part), "{part} is missing");
    }
    // Step 200 cannot be read, and step 900 is from another run that was here before.
    assert_eq!(html.matches("<img ").count(), 2);
    let elsewhere = html.matches("src=").count() - html.matches("src='data:image/").count();
    assert_eq!((elsewhere, html.matches("http://").count(), html.matches("https://").count()), (0, 0, 0));
}

#[test]
fn a_report_stays_small_however_many_and_large_the_pictures_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = history();
    history.validated = (1..=14).map(|n| n * 20).collect();
    // Noise is what compresses worst.
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(1100, 1100, |_, _| {
        image::Rgb(std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    });
    let first = folder.path().join("samples-000020.png");
    noise.save(&first).unwrap();
    for step in &history.validated[1..] {
        std::fs::copy(&first, folder.path().join(format!("samples-{step:06}.png"))).unwrap();
    }
    write(folder.path(), &history).unwrap();
    let html = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    assert_eq!(html.matches("<img ").count(), 9);
    assert!(html.contains("step 20<") && html.contains("step 280<"));
}

#[test]
fn a_run_without_any_figures_has_a_report_too() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &History::default()).unwrap();
    assert!(folder.path().join(FILE).exists());
}
