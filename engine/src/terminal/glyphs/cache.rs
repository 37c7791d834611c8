use std::sync::{Arc, LazyLock};

use lru::LruCache;
use parking_lot::Mutex;
use swash::scale::ScaleContext;

use super::Glyph;
use super::raster::rasterise;
use crate::terminal::fonts::CellMetrics;

/// Bytes of glyphs that are kept, least recently used first out.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What a glyph depends on, besides the cell's metrics, which the size decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::terminal) struct GlyphKey {
    /// A character, or the mark of a cluster.
    pub(in crate::terminal) glyph: u32,
    pub(in crate::terminal) metrics: CellMetrics,
    pub(in crate::terminal) bold: bool,
    pub(in crate::terminal) italic: bool,
    /// Two cells instead of one.
    pub(in crate::terminal) wide: bool,
    /// In colours of its own, where there is such a form.
    pub(in crate::terminal) pictogram: bool,
}

struct Cache {
    glyphs: LruCache<GlyphKey, Arc<Glyph>>,
    bytes: usize,
    context: ScaleContext,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(|| {
    Mutex::new(Cache { glyphs: LruCache::unbounded(), bytes: 0, context: ScaleContext::new() })
});

/// A glyph. `text` tells one that is new here: a character and what combines with it.
pub(in crate::terminal) fn glyph(key: GlyphKey, text: impl FnOnce() -> String) -> Arc<Glyph> {
    let mut cache = CACHE.lock();
    if let Some(glyph) = cache.glyphs.get(&key) {
        return Arc::clone(glyph);
    }
    let glyph = Arc::new(rasterise(&mut cache.context, key, &text()));
    cache.bytes += glyph.size();
    cache.glyphs.put(key, Arc::clone(&glyph));
    while cache.bytes > MOST_BYTES
        && let Some((_, oldest)) = cache.glyphs.pop_lru()
    {
        cache.bytes -= oldest.size();
    }
    glyph
}
