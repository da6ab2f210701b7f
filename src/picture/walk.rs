//! A walk without end through a latent space, for shows: every place of it can be asked for at once, and none depends on what
//! will be played.

use super::latent_path::Look;
use super::vectors::{Use, norm, random, slerp, sum, with_length};

/// How a keyframe is mixed: the walk's own region, and chance.
const HOME: (f32, f32) = (0.45, 0.89);
/// How far a full push goes, as a share of the radius.
const PUSH: f32 = 0.34;

/// The two directions, among those that pushes go along, in which a player pans by hand; those before are pitch classes.
pub const PAD: [usize; 2] = [12, 13];

/// Which way a walk takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Course {
    /// From keyframe to keyframe, for ever.
    Wander,
    /// Through so many keyframes and back to the first, over and over; at least 2.
    Loop(u32),
    /// Once round a great circle in so many keyframes' time.
    Circle(f64),
}

/// A walk: a function of (seed, course, how far it has come, pushes).
#[derive(Debug, Clone)]
pub struct Walk {
    seed: u64,
    size: usize,
    radius: f32,
    home: Vec<f32>,
    directions: Vec<Vec<f32>>,
    /// A place that the walk leans towards, and how far: 0 to 1.
    lean: Option<(Vec<f32>, f32)>,
}

impl Walk {
    /// A walk through a space of `size` numbers.
    pub fn new(seed: u64, size: usize) -> Self {
        let radius = (size as f32).sqrt();
        let direction = |class: u32| with_length(random(seed, Use::Direction(class), size), 1.0);
        Self {
            seed,
            size,
            radius,
            home: random(seed, Use::Home(0), size),
            directions: (0..=PAD[1] as u32).map(direction).collect(),
            lean: None,
        }
    }

    /// Leans every place towards one: with 1 the walk stands there, with 0 it is free. A place of another size is ignored.
    pub fn lean(&mut self, place: Option<(Vec<f32>, f32)>) {
        self.lean = place.filter(|(place, share)| {
            place.len() == self.size && share.is_finite() && place.iter().all(|x| x.is_finite()) && norm(place) > 1e-6
        });
    }

    /// The latent point after `travelled` keyframes of a course, pushed along directions of pitch classes and of the [`PAD`]:
    /// `(direction, amount)`. Continuous in `travelled` and in the amounts.
    pub fn place(&self, course: Course, travelled: f64, pushes: &[(usize, f32)]) -> Vec<f32> {
        let travelled = if travelled.is_finite() { travelled } else { 0.0 };
        let mut z = match course {
            Course::Circle(length) => self.on_circle(travelled / length.max(1e-3)),
            Course::Wander | Course::Loop(_) => {
                let number = travelled.floor();
                let share = (travelled - number) as f32;
                slerp(&self.keyframe(course, number), &self.keyframe(course, number + 1.0), share)
            }
        };
        if let Some((place, share)) = &self.lean {
            z = slerp(&z, &with_length(place.clone(), self.radius), share.clamp(0.0, 1.0));
        }
        for (class, amount) in pushes {
            let Some(direction) = self.directions.get(*class).filter(|_| amount.is_finite()) else { continue };
            for (x, d) in z.iter_mut().zip(direction) {
                *x += PUSH * amount * self.radius * d;
            }
        }
        with_length(z, self.radius)
    }

    /// The same as something to paint.
    pub fn look(&self, course: Course, travelled: f64, pushes: &[(usize, f32)], psi: f32) -> Look {
        Look { z: self.place(course, travelled, pushes), psi: psi.clamp(0.0, 1.0), accent: 0.0, activity: 0.0 }
    }

    fn keyframe(&self, course: Course, number: f64) -> Vec<f32> {
        let number = match course {
            Course::Loop(count) => number.rem_euclid(f64::from(count.max(2))),
            _ => number.rem_euclid(f64::from(u32::MAX)),
        };
        let chance = random(self.seed, Use::Keyframe(number as u32), self.size);
        with_length(sum(&[(HOME.0, &self.home), (HOME.1, &chance)]), self.radius)
    }

    /// A great circle through the walk's region: cos(2π·t)·a + sin(2π·t)·b of two perpendicular places.
    fn on_circle(&self, turns: f64) -> Vec<f32> {
        let a = with_length(self.home.clone(), self.radius);
        let b = random(self.seed, Use::Circle(0), self.size);
        let along: f32 = a.iter().zip(&b).map(|(x, y)| x * y).sum::<f32>() / (self.radius * self.radius).max(1e-6);
        let b = with_length(sum(&[(1.0, &b), (-along, &a)]), self.radius);
        let angle = std::f64::consts::TAU * turns.rem_euclid(1.0);
        sum(&[(angle.cos() as f32, &a), (angle.sin() as f32, &b)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(a: &[f32], b: &[f32]) -> f32 {
        norm(&sum(&[(1.0, a), (-1.0, b)]))
    }

    #[test]
    fn loops_and_circles_close_and_every_step_of_a_walk_is_small() {
        let walk = Walk::new(5, 128);
        for (course, period) in [(Course::Loop(8), 8.0), (Course::Loop(3), 3.0), (Course::Circle(5.0), 5.0)] {
            for i in 0..40 {
                let at = f64::from(i) * 0.37;
                let there = walk.place(course, at, &[]);
                let gap = distance(&there, &walk.place(course, at + period, &[]));
                assert!(gap < 1e-2, "{course:?} is {gap} open at {at}");
            }
        }
        for course in [Course::Wander, Course::Loop(4), Course::Circle(6.0)] {
            for i in 0..12_000 {
                let at = f64::from(i) * 1e-3;
                let step = distance(&walk.place(course, at, &[]), &walk.place(course, at + 1e-3, &[]));
                assert!(step < 0.08, "{course:?} jumps by {step} at {at}");
            }
        }
    }

    #[test]
    fn pushes_and_a_lean_move_it_and_nonsense_does_not() {
        let mut walk = Walk::new(9, 64);
        let free = walk.place(Course::Wander, 2.5, &[]);
        assert!(distance(&free, &walk.place(Course::Wander, 2.5, &[(3, 1.0)])) > 1.0);
        for nonsense in [(14, 1.0), (0, f32::NAN), (1, f32::INFINITY)] {
            assert_eq!(free, walk.place(Course::Wander, 2.5, &[nonsense]));
        }
        let panned = PAD.map(|direction| walk.place(Course::Wander, 2.5, &[(direction, 2.0)]));
        assert!(distance(&panned[0], &panned[1]) > 3.0 && distance(&panned[0], &free) > 3.0);
        let there: Vec<f32> = (0..64).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        walk.lean(Some((there.clone(), 1.0)));
        assert!(distance(&walk.place(Course::Wander, 2.5, &[]), &there) < 1e-2);
        walk.lean(Some((vec![f32::NAN; 64], 0.5)));
        assert_eq!(free, walk.place(Course::Wander, 2.5, &[]));
        for at in [f64::NAN, f64::INFINITY, -7.25, 1e12] {
            let length = norm(&walk.place(Course::Wander, at, &[]));
            assert!((length - 8.0).abs() < 1e-2, "{at}: {length}");
        }
    }
}
