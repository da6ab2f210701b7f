//! Finds instances, follows those that are chosen, and reads what they tell. Belongs to one thread, which may wait.

use super::about::text;
use super::publisher::ANSWER;
use super::pulse::Pulse;
use super::room::{Corner, LinkError, Room, instance_of, services};
use super::watch::{Thumbnail, Watch};
use crate::moment::now_ns;
use iceoryx2::port::{publisher::Publisher as Sender, subscriber::Subscriber as Receiver};
use iceoryx2::prelude::{
    AllocationStrategy, CallbackProgression, Config, Node, NodeState, PortFactory as _, Service as _, ipc,
};
use iceoryx2::service::port_factory::publish_subscribe::PortFactory;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// Most instances that are followed at once.
const MOST: usize = 64;

/// An instance that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name in the room, which no other has.
    pub id: String,
    /// What it calls itself: the track's name, say.
    pub name: String,
    /// The program that it runs in.
    pub program: String,
    /// That program's process.
    pub process: u32,
    /// Samples a second; 0 where it does not say.
    pub rate: u32,
}

/// Which instances are followed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// All.
    #[default]
    All,
    /// Those whose name or program has one of these parts, however written, or whose process or id is one of them.
    Named(Vec<String>),
}

impl Choice {
    /// Whether an instance is chosen.
    pub fn has(&self, found: &Found) -> bool {
        let Self::Named(names) = self else { return true };
        let (name, program) = (found.name.to_lowercase(), found.program.to_lowercase());
        names.iter().any(|wanted| {
            let wanted = wanted.to_lowercase();
            name.contains(&wanted)
                || program.contains(&wanted)
                || found.id == wanted
                || wanted.parse() == Ok(found.process)
        })
    }
}

/// The instances in a room, by process and id. Joins none of them, and needs no place in the room.
///
/// # Errors
/// [`LinkError`] where the room cannot be looked into.
pub fn instances(room: &Room) -> Result<Vec<Found>, LinkError> {
    let mut all = Vec::new();
    for corner in room.corners() {
        all.extend(list(&room.corner(&corner).config()?)?);
    }
    all.sort_by(|a: &Found, b: &Found| (a.process, &a.id).cmp(&(b.process, &b.id)));
    Ok(all)
}

/// The instances in a corner.
fn list(config: &Config) -> Result<Vec<Found>, LinkError> {
    if !std::path::Path::new(config.global.service_dir().to_string().as_str()).is_dir() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    let listed = ipc::Service::list(config, |service| {
        let details = &service.static_details;
        let nodes = service.dynamic_details.map(|dynamic| dynamic.nodes).unwrap_or_default();
        let alive = nodes.iter().any(|node| matches!(node, NodeState::Alive(_)));
        if let Some(id) = instance_of(details.name().as_str()).filter(|_| alive) {
            let about = details.attributes();
            let number = |key: &str| text(about, key).parse().unwrap_or(0);
            all.push(Found {
                id: id.to_owned(),
                name: text(about, "name"),
                program: text(about, "program"),
                process: number("process"),
                rate: number("rate"),
            });
        }
        if all.len() < MOST { CallbackProgression::Continue } else { CallbackProgression::Stop }
    });
    listed.map_err(|e| LinkError::system("the list of instances")(&e)).map(|()| all)
}

/// An instance that is followed. Ports go before their services.
struct Line {
    number: u64,
    corner: Corner,
    found: Found,
    receiver: Receiver<ipc::Service, [u8], ()>,
    sender: Sender<ipc::Service, [u8], ()>,
    show: PortFactory<ipc::Service, [u8], ()>,
    _watch: PortFactory<ipc::Service, [u8], ()>,
    wants_picture: bool,
}

/// What has changed about who is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// An instance is followed from now on, as this line.
    Joined(u64, Found),
    /// A line has ended.
    Left(u64),
}

/// Follows instances.
pub struct Follower {
    choice: Choice,
    lines: Vec<Line>,
    /// Where it has joined.
    nodes: BTreeMap<Corner, Node<ipc::Service>>,
    room: Room,
    /// Which follower of this process it is.
    own: u32,
    joined: u64,
    malformed: u64,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower")
            .field("choice", &self.choice)
            .field("lines", &self.lines.len())
            .finish_non_exhaustive()
    }
}

impl Follower {
    /// Joins a room.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn open(room: &Room, choice: Choice) -> Result<Self, LinkError> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        room.config()?;
        room.find_folder()?;
        room.sweep();
        let (room, own) = (room.clone(), MADE.fetch_add(1, Ordering::Relaxed));
        let (lines, nodes) = (Vec::new(), BTreeMap::new());
        Ok(Self { choice, lines, nodes, room, own, joined: 0, malformed: 0, bytes: Vec::new() })
    }

    /// Lets go of instances that have ended, and takes up those that have come. What killed programs left is removed.
    pub(super) fn look(&mut self, mut each: impl FnMut(Change)) -> Result<(), LinkError> {
        for node in self.nodes.values() {
            node.try_cleanup_dead_nodes();
        }
        let mut found = Vec::new();
        for corner in self.room.corners() {
            let config = self.room.corner(&corner).config()?;
            // A corner that is just being left may not be read; what is there is found again.
            found.extend(list(&config).into_iter().flatten().map(|found| (corner.clone(), found)));
        }
        self.lines.retain(|line| {
            let tells = line.show.dynamic_config().number_of_publishers() > 0;
            let stays = tells && found.iter().any(|(_, f)| f.id == line.found.id);
            if !stays {
                each(Change::Left(line.number));
            }
            stays
        });
        for (corner, found) in found {
            let known = self.lines.iter().any(|line| line.found.id == found.id);
            if known || !self.choice.has(&found) || self.lines.len() >= MOST {
                continue;
            }
            // It may just be going; where it is not, it is found again.
            if let Ok(line) = self.join(corner, found) {
                each(Change::Joined(line.number, line.found.clone()));
                self.lines.push(line);
            }
        }
        let lines = &self.lines;
        self.nodes.retain(|corner, _| lines.iter().any(|line| line.corner == *corner));
        self.room.sweep();
        Ok(())
    }

    fn join(&mut self, corner: Corner, found: Found) -> Result<Line, LinkError> {
        let system = LinkError::system;
        if !self.nodes.contains_key(&corner) {
            self.nodes.insert(corner.clone(), self.room.corner(&corner).join()?);
        }
        let node = &self.nodes[&corner];
        let [show, watch] = services(&found.id)?;
        let open = |name| node.service_builder(name).publish_subscribe::<[u8]>().open();
        let watch = open(&watch).map_err(|e| system("an instance's watch")(&e))?;
        let builder = watch.publisher_builder().initial_max_slice_len(ANSWER);
        let sender = builder.allocation_strategy(AllocationStrategy::Static).max_loaned_samples(1).create();
        let sender = sender.map_err(|e| system("an instance's watch")(&e))?;
        let show = open(&show).map_err(|e| system("an instance's show")(&e))?;
        let receiver = show.subscriber_builder().create().map_err(|e| system("an instance's show")(&e))?;
        self.joined += 1;
        let line =
            Line { number: self.joined, corner, found, receiver, sender, show, _watch: watch, wants_picture: false };
        Ok(line)
    }

    /// Reads everything that has come, by line and in order.
    pub fn read(&mut self, mut each: impl FnMut(u64, Pulse)) {
        for line in &mut self.lines {
            // A connection that fails has ended; the next look finds out.
            while let Ok(Some(sample)) = line.receiver.receive() {
                match Pulse::read(sample.payload()) {
                    Ok(pulse) => {
                        line.wants_picture = pulse.wants_picture;
                        each(line.number, pulse);
                    }
                    Err(_) => self.malformed += 1,
                }
            }
        }
    }

    /// Tells every instance that is followed that somebody looks, and what is shown, where it wants to know.
    pub fn watch(&mut self, picture: Option<&Thumbnail>) {
        for line in &self.lines {
            let picture = picture.filter(|_| line.wants_picture).cloned();
            let watch = Watch { process: std::process::id(), watcher: self.own, sent_ns: now_ns(), picture };
            watch.write(&mut self.bytes);
            // An instance that has just gone hears no more.
            if let Ok(room) = line.sender.loan_slice_uninit(self.bytes.len()) {
                let _heard = room.write_from_slice(&self.bytes).send();
            }
        }
    }

    /// Whether any instance wants a picture.
    pub fn is_asked_for_pictures(&self) -> bool {
        self.lines.iter().any(|line| line.wants_picture)
    }

    /// Messages that were none of ours.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_chosen_by_what_they_are_called() {
        let found = Found {
            id: "12-ab-0".into(),
            name: "Lead Synth".into(),
            program: "reaper".into(),
            process: 12,
            rate: 48_000,
        };
        let named = |names: &[&str]| Choice::Named(names.iter().map(|n| (*n).to_owned()).collect());
        assert!(Choice::All.has(&found));
        for name in ["lead", "SYNTH", "Reaper", "12", "12-ab-0"] {
            assert!(named(&["nobody", name]).has(&found), "{name}");
        }
        assert!(!named(&["bass", "1"]).has(&found) && !named(&[]).has(&found));
    }
}
