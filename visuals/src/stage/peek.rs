//! What is shown, in a small size, for those who watch from afar: read back without waiting, and left out where they are late.

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

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Idle,
    /// Drawn and copied by orders that are with the device by the next frame.
    Ordered,
    Mapping,
}

/// The stage's end of a lookout.
#[derive(Debug)]
pub(super) struct Peek {
    lookout: Lookout,
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    buffer: wgpu::Buffer,
    row: u32,
    state: State,
    answer: Arc<AtomicU8>,
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
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("peek"),
            size: u64::from(row) * u64::from(height),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let view = texture.create_view(&Default::default());
        let answer = Arc::new(AtomicU8::new(WAITS));
        Self { lookout, texture, view, buffer, row, state: State::Idle, answer, last: None }
    }

    pub fn view(&self) -> &wgpu::TextureView {
        &self.view
    }

    /// Goes on with what was ordered with an earlier frame. Never waits.
    pub fn advance(&mut self, device: &wgpu::Device) {
        match self.state {
            State::Idle => {}
            State::Ordered => {
                self.answer.store(WAITS, Ordering::Release);
                let answer = Arc::clone(&self.answer);
                self.buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| {
                    answer.store(if result.is_ok() { READY } else { REFUSED }, Ordering::Release);
                });
                self.state = State::Mapping;
            }
            State::Mapping => {
                // A device that is lost answers nothing any more, and whoever draws with it finds out.
                if device.poll(wgpu::PollType::Poll).is_err() {
                    return;
                }
                match self.answer.load(Ordering::Acquire) {
                    WAITS => return,
                    READY => self.give(),
                    _ => {}
                }
                self.state = State::Idle;
            }
        }
    }

    fn give(&self) {
        let size = (self.texture.width(), self.texture.height());
        let bytes = {
            let mapped = self.buffer.slice(..).get_mapped_range();
            mapped.chunks_exact(self.row as usize).flat_map(|row| &row[..4 * size.0 as usize]).copied().collect()
        };
        self.buffer.unmap();
        if self.lookout.taker.try_send(Peeked { size, bytes }).is_err() {
            self.lookout.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a picture is due now.
    pub fn is_due(&mut self) -> bool {
        let due = self.state == State::Idle
            && self.lookout.watchers.load(Ordering::Relaxed) > 0
            && self.last.is_none_or(|last| last.elapsed() >= self.lookout.pause);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }

    /// Orders what was drawn onto [`Peek::view`] to be copied.
    pub fn copy(&mut self, encoder: &mut wgpu::CommandEncoder) {
        let size = self.texture.size();
        let layout =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(self.row), rows_per_image: Some(size.height) };
        encoder.copy_texture_to_buffer(
            self.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer: &self.buffer, layout },
            size,
        );
        self.state = State::Ordered;
    }
}
