//! The place of a picture in a generator's space, with the model that ships.

use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::picture::{Generator, Look, Picture, project};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::path::Path;

fn generator() -> Generator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/image-gan.onnx");
    let bytes = std::fs::read(path).unwrap();
    Generator::new(Session::from_bytes("image-gan", bytes, Kind::ImageGan, &SessionOptions::default()).unwrap())
        .unwrap()
}

fn painted(generator: &mut Generator, seed: u64) -> Picture {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let z = StandardNormal.sample_iter(&mut rng).take(generator.latent_size()).collect();
    let psi = generator.psi();
    generator.paint(&Look { z, psi, accent: 0.0, activity: 0.0 }).unwrap()
}

/// Root of the mean squared difference of two pictures.
fn apart(a: &Picture, b: &Picture) -> f32 {
    let squares: f32 = a.data.iter().zip(&b.data).map(|(a, b)| (a - b) * (a - b)).sum();
    (squares / a.data.len() as f32).sqrt()
}

#[test]
fn a_picture_of_the_space_is_found_far_nearer_than_by_chance_and_the_same_seed_finds_the_same() {
    let mut generator = generator();
    for target in [11, 12] {
        let picture = painted(&mut generator, target);
        let mut by_chance: Vec<f32> = (100..120).map(|seed| apart(&picture, &painted(&mut generator, seed))).collect();
        by_chance.sort_by(f32::total_cmp);
        let found = project(&mut generator, &picture, 5, 400).unwrap().unwrap();
        let psi = generator.psi();
        let look = Look { z: found.z.clone(), psi, accent: 0.0, activity: 0.0 };
        let found_apart = apart(&picture, &generator.paint(&look).unwrap());
        let median = by_chance[by_chance.len() / 2];
        eprintln!("target {target}: {found_apart} found, {median} by chance, best of twenty {}", by_chance[0]);
        assert!(found_apart < 0.6 * median, "target {target}: {found_apart} found, {median} by chance");
        assert_eq!(
            project(&mut generator, &picture, 5, 40).unwrap(),
            project(&mut generator, &picture, 5, 40).unwrap()
        );
    }
    assert_eq!(project(&mut generator, &painted(&mut self::generator(), 1), 5, 0).unwrap(), None);
}
