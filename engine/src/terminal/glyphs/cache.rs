use std::sync::{Arc, LazyLock};

use lru::LruCache;
use parking_lot::Mutex;
use swash::scale::ScaleContext;

use super::Mask;
use super::raster::rasterise;
use crate::terminal::fonts::CellMetrics;

/// Bytes of masks that are kept, least recently used first out.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What a mask depends on, besides the cell's metrics, which the size decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::terminal) struct GlyphKey {
    /// A character, or the mark of a cluster.
    pub(in crate::terminal) glyph: u32,
    pub(in crate::terminal) metrics: CellMetrics,
    pub(in crate::terminal) bold: bool,
    pub(in crate::terminal) italic: bool,
    /// Two cells instead of one.
    pub(in crate::terminal) wide: bool,
}

struct Cache {
    masks: LruCache<GlyphKey, Arc<Mask>>,
    bytes: usize,
    context: ScaleContext,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(|| {
    Mutex::new(Cache { masks: LruCache::unbounded(), bytes: 0, context: ScaleContext::new() })
});

/// The mask of a glyph. `text` tells a glyph that is new here: a character and the marks
/// that combine with it.
pub(in crate::terminal) fn mask(key: GlyphKey, text: impl FnOnce() -> String) -> Arc<Mask> {
    let mut cache = CACHE.lock();
    if let Some(mask) = cache.masks.get(&key) {
        return Arc::clone(mask);
    }
    let mask = Arc::new(rasterise(&mut cache.context, key, &text()));
    cache.bytes += mask.levels.len();
    cache.masks.put(key, Arc::clone(&mask));
    while cache.bytes > MOST_BYTES
        && let Some((_, oldest)) = cache.masks.pop_lru()
    {
        cache.bytes -= oldest.levels.len();
    }
    mask
}
