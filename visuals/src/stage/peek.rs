//! What is shown, in a small size, for those who watch from afar: read back without waiting, and left out where they are late.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

/// Format of what is read back: bytes as they are displayed.
pub(super) const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;
/// What became of the wish to read a buffer.
const WAITS: u8 = 0;
const READY: u8 = 1;
const REFUSED: u8 = 2;

/// A picture that was read back: rows of four bytes a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// Across and down.
    pub size: (u32, u32),
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Who watches, and how.
#[derive(Debug, Clone)]
pub struct Lookout {
    /// Pixels across and down.
    pub size: (u32, u32),
    /// Least time from one picture to the next.
    pub pause: Duration,
    /// How many watch now; nothing is read back for nobody.
    pub watchers: Arc<AtomicUsize>,
    /// Takes the pictures; one that finds it full is dropped.
    pub taker: SyncSender<Peeked>,
    /// How many were dropped.
    pub dropped: Arc<AtomicU64>,
}

/// How many pictures may be on their way at a time: a display is some frames ahead of what it has drawn.
const SLOTS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Idle,
    /// Drawn and copied by orders that are with the device by the next frame.
    Ordered,
    Mapping,
}

/// A picture on its way.
#[derive(Debug)]
struct Slot {
    buffer: wgpu::Buffer,
    state: State,
    answer: Arc<AtomicU8>,
}

/// The stage's end of a lookout.
#[derive(Debug)]
pub(super) struct Peek {
    lookout: Lookout,
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    row: u32,
    slots: [Slot; SLOTS],
    /// Places of those on their way, the oldest first.
    away: VecDeque<usize>,
    last: Option<Instant>,
}

impl Peek {
    pub fn new(device: &wgpu::Device, lookout: Lookout) -> Self {
        let (width, height) = (lookout.size.0.clamp(4, 4096), lookout.size.1.clamp(4, 4096));
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("peek"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let row = (4 * width).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let slots = std::array::from_fn(|_| Slot {
            buffer: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("peek"),
                size: u64::from(row) * u64::from(height),
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            }),
            state: State::Idle,
            answer: Arc::new(AtomicU8::new(WAITS)),
        });
        let view = texture.create_view(&Default::default());
        Self { lookout, texture, view, row, slots, away: VecDeque::with_capacity(SLOTS), last: None }
    }

    pub fn view(&self) -> &wgpu::TextureView {
        &self.view
    }

    /// Goes on with what was ordered with earlier frames. Never waits.
    pub fn advance(&mut self, device: &wgpu::Device) {
        for slot in self.slots.iter_mut().filter(|slot| slot.state == State::Ordered) {
            slot.answer.store(WAITS, Ordering::Release);
            let answer = Arc::clone(&slot.answer);
            slot.buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| {
                answer.store(if result.is_ok() { READY } else { REFUSED }, Ordering::Release);
            });
            slot.state = State::Mapping;
        }
        // A device that is lost answers nothing any more, and whoever draws with it finds out.
        if self.away.is_empty() || device.poll(wgpu::PollType::Poll).is_err() {
            return;
        }
        while let Some(&place) = self.away.front() {
            match self.slots[place].answer.load(Ordering::Acquire) {
                WAITS => return,
                READY => self.give(place),
                _ => {}
            }
            self.slots[place].state = State::Idle;
            self.away.pop_front();
        }
    }

    fn give(&self, place: usize) {
        let (size, buffer) = ((self.texture.width(), self.texture.height()), &self.slots[place].buffer);
        let bytes = {
            let mapped = buffer.slice(..).get_mapped_range();
            mapped.chunks_exact(self.row as usize).flat_map(|row| &row[..4 * size.0 as usize]).copied().collect()
        };
        buffer.unmap();
        if self.lookout.taker.try_send(Peeked { size, bytes }).is_err() {
            self.lookout.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a picture is due now, and there is room for it.
    pub fn is_due(&mut self) -> bool {
        let due = self.slots.iter().any(|slot| slot.state == State::Idle)
            && self.lookout.watchers.load(Ordering::Relaxed) > 0
            && self.last.is_none_or(|last| last.elapsed() >= self.lookout.pause);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }

    /// Orders what was drawn onto [`Peek::view`] to be copied.
    pub fn copy(&mut self, encoder: &mut wgpu::CommandEncoder) {
        let Some(place) = self.slots.iter().position(|slot| slot.state == State::Idle) else { return };
        let size = self.texture.size();
        let layout =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(self.row), rows_per_image: Some(size.height) };
        let slot = &mut self.slots[place];
        encoder.copy_texture_to_buffer(
            self.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer: &slot.buffer, layout },
            size,
        );
        slot.state = State::Ordered;
        // What was answered to an earlier picture is no answer to this one.
        slot.answer.store(WAITS, Ordering::Release);
        self.away.push_back(place);
    }
}
