use fanlight_core::{Layer, Point, Rect};
use lru::LruCache;

use super::cells::PaintCell;
use crate::terminal::fonts::CellMetrics;

/// The buffer that holds the viewer's cells.
pub(super) const BUFFER: Layer = Layer(-1);
const MOST_COLUMNS: u32 = 64;
const MOST_ROWS: u32 = 16;
const WIDEST: u32 = 4096;
const HIGHEST: u32 = 2048;

/// Which opaque cells a viewer holds, and where in its buffer. The least recently drawn
/// gives way, but never one that the current frame draws.
pub(super) struct Slots {
    metrics: CellMetrics,
    columns: u32,
    rows: u32,
    held: LruCache<PaintCell, Held>,
    frame: u32,
}

#[derive(Clone, Copy)]
struct Held {
    slot: u16,
    frame: u32,
}

/// Where a cell is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It has been there.
    Known(u16),
    /// It has to be sent first.
    New(u16),
}

impl Slots {
    pub(super) fn new(metrics: CellMetrics) -> Self {
        Self {
            metrics,
            columns: (WIDEST / metrics.width).clamp(1, MOST_COLUMNS),
            rows: (HIGHEST / metrics.height).clamp(1, MOST_ROWS),
            held: LruCache::unbounded(),
            frame: 0,
        }
    }

    /// Width and height of the buffer in pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.columns * self.metrics.width, self.rows * self.metrics.height)
    }

    pub(super) fn begin_frame(&mut self) {
        self.frame = self.frame.wrapping_add(1);
    }

    pub(super) fn holds(&self, cell: PaintCell) -> bool {
        self.held.contains(&cell)
    }

    /// Finds or makes a place; `None` when this frame already needs all of them.
    pub(super) fn place(&mut self, cell: PaintCell) -> Option<Place> {
        let frame = self.frame;
        if let Some(held) = self.held.get_mut(&cell) {
            held.frame = frame;
            return Some(Place::Known(held.slot));
        }
        let slot = if (self.held.len() as u32) < self.columns * self.rows {
            self.held.len() as u16
        } else {
            let (_, oldest) = self.held.peek_lru()?;
            if oldest.frame == frame {
                return None;
            }
            self.held.pop_lru()?.1.slot
        };
        self.held.put(cell, Held { slot, frame });
        Some(Place::New(slot))
    }

    /// The part of the buffer that `count` slots from `slot` on take, in one row.
    pub(super) fn rect(&self, slot: u16, count: u32) -> Rect {
        let Point { x, y } = self.point(slot);
        Rect { x, y, width: count * self.metrics.width, height: self.metrics.height }
    }

    pub(super) fn point(&self, slot: u16) -> Point {
        let slot = u32::from(slot);
        Point {
            x: (slot % self.columns * self.metrics.width) as i32,
            y: (slot / self.columns * self.metrics.height) as i32,
        }
    }

    /// Whether two slots lie side by side.
    pub(super) fn adjoin(&self, left: u16, right: u16) -> bool {
        right == left + 1 && u32::from(right) % self.columns != 0
    }
}
