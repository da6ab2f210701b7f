//! What the models that ship must be: sound, described in full, each with a card, small in all.

use oneiro::model::inspect::inspect;
use oneiro::model::library::{Folder, files, find};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use std::path::Path;

/// All shipped models together stay below this, in bytes.
const MOST_BYTES: usize = 60_000_000;

#[test]
fn each_shipped_model_runs_and_says_where_it_comes_from() {
    let folder = Folder { path: Path::new(env!("CARGO_MANIFEST_DIR")).join("models"), why: "of this test" };
    let mut bytes = 0;
    let folders = [folder];
    // Without a name, performances use the one with figures; others are asked for.
    assert_eq!(find(&folders, Kind::ImageGan, None).unwrap().spec.name, "image-gan");
    assert_eq!(find(&folders, Kind::ImageGan, Some("image-gan-luminous")).unwrap().spec.name, "image-gan-luminous");
    for file in files(&folders) {
        let model = inspect(&file).unwrap();
        let spec = &model.spec;
        bytes += model.bytes.len();
        let name = file.display();
        assert!(!spec.data.is_empty(), "{name} does not say what it was trained on");
        assert!(spec.data.iter().all(|d| !d.licence.is_empty()), "{name} has data without a licence");
        assert!(!spec.licence.is_empty(), "{name} has no licence");
        assert!(!spec.command.is_empty(), "{name} does not say what made it");
        assert!(!spec.metrics.is_empty(), "{name} was not measured");
        let card = file.with_extension("md");
        assert!(card.is_file(), "{name} has no card {}", card.display());
        Session::from_inspected(model, &SessionOptions::default()).unwrap();
    }
    assert!(bytes < MOST_BYTES, "the shipped models take {bytes} bytes");
}
