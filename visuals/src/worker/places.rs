//! Where the user's pictures lie in the space of one generator, found beside the painting.

use super::gallery::Gallery;
use oneiro::picture::project;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, channel};

/// Pictures that are looked at to find a place.
const LOOKS: usize = 700;

/// Places by the number of the picture.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<usize, Search>);

#[derive(Debug)]
enum Search {
    Under(Receiver<Option<Vec<f32>>>),
    Over(Option<Vec<f32>>),
}

impl Places {
    /// The place of a picture, from 1, for a generator of the gallery; `None` while it is looked for, and where there is none.
    pub fn find(&mut self, picture: usize, generator: usize, gallery: &Gallery) -> Option<Vec<f32>> {
        let target = gallery.picture(picture)?;
        let search = self.0.entry(picture).or_insert_with(|| {
            let Some(load) = gallery.loader(generator) else { return Search::Over(None) };
            let (target, (told, found)) = (target.clone(), channel());
            let look = move || {
                let place = load().and_then(|mut generator| {
                    project(&mut generator, &target, picture as u64, LOOKS).map_err(|e| e.to_string())
                });
                // Without a place the walk goes on as it is; nobody waits where the generator was changed meanwhile.
                drop(told.send(place.ok().flatten().map(|place| place.z)));
            };
            // Without a thread there is no answer.
            drop(std::thread::Builder::new().name("places".into()).spawn(look));
            Search::Under(found)
        });
        if let Search::Under(found) = search {
            let answer = if gallery.patient {
                found.recv().unwrap_or(None)
            } else {
                match found.try_recv() {
                    Ok(place) => place,
                    Err(std::sync::mpsc::TryRecvError::Empty) => return None,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => None,
                }
            };
            *search = Search::Over(answer);
        }
        match search {
            Search::Over(place) => place.clone(),
            Search::Under(_) => None,
        }
    }
}
