//! The list of presets that can be called: the player's own come and go in it. One test, for the list is the process's.

use oneiro::music::{Melody, MelodyEvent};
use oneiro::time::TimeSignature;
use oneiro_plugin::parameters::sheets;
use oneiro_plugin::presets::{Called, Phrases, bank, factory, look_into, write};

#[test]
fn the_players_own_follow_those_that_ship_and_are_stepped_through_with_them() {
    let (folder, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let event = |pitch, steps| MelodyEvent { pitch, steps };
    let events = vec![event(Some(60), 24), event(None, 72)];
    let melody = Melody { title: String::new(), metre: TimeSignature::COMMON, start_step: 0, events };
    let phrases: Phrases = [None, Some(melody), None, None];
    let usual = |place: usize| sheets()[place].usual;
    write(folder.path(), "Mine", "", usual, &phrases).unwrap();
    std::fs::write(folder.path().join("bad.toml"), "preset = 3").unwrap();

    assert!(bank().is_empty());
    let last = factory().len() - 1;
    assert_eq!(bank(), factory());
    assert_eq!(Called::after(None, 1).unwrap().1, &factory()[0]);
    assert_eq!(Called::after(None, -1).unwrap().1, &factory()[last]);
    let told = look_into(folder.path());
    assert!(told.len() == 1 && told[0].to_string().contains("bad.toml"), "{told:?}");
    let (mine, preset) = Called::after(Some(Called::new(last)), 1).unwrap();
    assert_eq!((preset.name.as_str(), &preset.phrases, mine.number()), ("Mine", &phrases, Some(last + 1)));
    assert_eq!(Called::after(Some(mine), 1).unwrap().1, &factory()[0]);
    assert_eq!(Called::after(Some(mine), -1).unwrap().1, &factory()[last]);

    // Another comes before it, and then all of them go: what was called is known by its name.
    write(folder.path(), "Another of mine", "", usual, &Phrases::default()).unwrap();
    look_into(folder.path());
    assert_eq!((mine.preset(), mine.number()), (Some(preset), Some(last + 2)));
    assert_eq!(look_into(empty.path()).len(), 0);
    assert_eq!((mine.preset(), mine.number()), (Some(preset), None));
    assert_eq!((bank(), Called::after(Some(mine), 1).unwrap().1), (factory(), &factory()[0]));

    // Looking again makes no list where nothing has changed; lists have an end, and it is told.
    for _ in 0..2000 {
        assert_eq!(look_into(empty.path()).len(), 0);
    }
    let mut told = 0;
    for _ in 0..400 {
        told += look_into(folder.path()).len() + look_into(empty.path()).len();
    }
    assert!(told > 400, "{told}");
    assert!(!bank().is_empty());
}
