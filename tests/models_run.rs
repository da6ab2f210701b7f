//! A sound model runs, and says clearly what was wrong with a run that failed.

mod support;

use oneiro::model::library::{self, Folder};
use oneiro::model::session::{Input, Session, SessionError, SessionOptions};
use oneiro::model::spec::Kind;
use prost::Message as _;
use support::{doubling, spec, write};
use tempfile::tempdir;

const SHAPE: &[usize] = &[1, 1, 2, 2];

fn session() -> Session {
    let bytes = doubling().encode_to_vec();
    Session::from_bytes("doubling", bytes, Kind::ImageGan, &SessionOptions::default()).unwrap()
}

#[test]
fn a_run_gives_what_the_network_computes() {
    let mut session = session();
    for k in 0..3 {
        let z = [k as f32, 0.5, -1.0, 3.0];
        let outputs = session.run(&[("z", Input::F32(SHAPE, &z))]).unwrap();
        assert_eq!(outputs.f32("image").unwrap(), z.map(|x| 2.0 * x));
        assert_eq!(outputs.array("image").unwrap().shape(), SHAPE);
    }
}

#[test]
fn a_wrong_run_is_an_error_that_names_the_model() {
    let mut session = session();
    let z = [0.0; 4];
    let whole = [0; 4];
    let wrong: [&[(&str, Input)]; 5] = [
        &[],
        &[("y", Input::F32(SHAPE, &z))],
        &[("z", Input::F32(&[1, 1, 2, 3], &z))],
        &[("z", Input::F32(&[1, 4], &z))],
        &[("z", Input::I64(SHAPE, &whole))],
    ];
    for inputs in wrong {
        let error = session.run(inputs).expect_err("the run must fail");
        assert!(matches!(error, SessionError::Run { .. }));
        assert!(error.to_string().starts_with("doubling: running it failed: "), "{error}");
    }
    let outputs = session.run(&[("z", Input::F32(SHAPE, &z))]).unwrap();
    assert!(matches!(outputs.f32("sound"), Err(SessionError::Output { .. })));
    assert!(matches!(outputs.i64("image"), Err(SessionError::Output { .. })));
}

#[test]
fn two_sessions_on_two_threads_do_not_disturb_each_other() {
    let workers: Vec<_> = (0..2)
        .map(|k| {
            std::thread::spawn(move || {
                let mut session = session();
                for step in 0..200 {
                    let z = [k as f32, step as f32, 0.0, 1.0];
                    let outputs = session.run(&[("z", Input::F32(SHAPE, &z))]).unwrap();
                    assert_eq!(outputs.f32("image").unwrap(), z.map(|x| 2.0 * x));
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
}

#[test]
fn the_first_sound_model_of_a_kind_on_the_path_is_found() {
    let (first, second) = (tempdir().unwrap(), tempdir().unwrap());
    std::fs::write(first.path().join("a-broken.onnx"), "no model").unwrap();
    write(second.path(), "b.onnx", &doubling());
    let mut other = doubling();
    let mut named = spec();
    named.name = "other".into();
    named.store(&mut other).unwrap();
    write(second.path(), "c.onnx", &other);

    let folders = [first.path(), second.path()].map(|path| Folder { path: path.to_owned(), why: "of this test" });
    let found = |name| library::find(&folders, Kind::ImageGan, name).map(|model| model.origin);
    assert_eq!(found(None).unwrap(), second.path().join("b.onnx"));
    assert_eq!(found(Some("other")).unwrap(), second.path().join("c.onnx"));
    assert_eq!(found(Some("c")).unwrap(), second.path().join("c.onnx"));
    assert!(found(Some("d")).unwrap_err().to_string().contains("by the name `d`"));
    assert!(library::find(&folders, Kind::MelodyRnn, None).is_err());
}
