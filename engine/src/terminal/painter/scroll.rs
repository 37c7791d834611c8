use super::rows::Rows;

/// Rows that moved: `count` rows from row `from` are now at row `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) count: usize,
}

/// The move that saves the most drawing, if any does.
pub(super) fn find(old: &Rows, new: &Rows) -> Option<Move> {
    let rows = new.len();
    let changed: Vec<bool> = (0..rows).map(|row| !old.is_same(row, new, row)).collect();
    if changed.iter().filter(|changed| **changed).count() < 2 {
        return None;
    }
    let worth: Vec<bool> = (0..rows)
        .map(|row| changed[row] && !new.row(row).iter().all(|cell| cell.is_blank()))
        .collect();
    let shift = favourite_shift(old.hashes(), new.hashes(), &worth)?;
    let same = |row: usize| {
        let source = row.checked_add_signed(shift).filter(|source| *source < rows);
        source.is_some_and(|source| old.is_same(source, new, row))
    };
    let to = best_run(rows, same, &worth)?;
    Some(Move { from: to.start.checked_add_signed(shift)?, to: to.start, count: to.len() })
}

/// The distance by which most changed rows moved, counting only rows that were unique.
fn favourite_shift(old: &[u64], new: &[u64], worth: &[bool]) -> Option<isize> {
    let mut places: Vec<(u64, usize)> = old.iter().copied().zip(0..).collect();
    places.sort_unstable();
    let rows = old.len();
    let mut votes = vec![0_usize; 2 * rows];
    for row in (0..rows).filter(|row| worth[*row]) {
        let first = places.partition_point(|(hash, _)| *hash < new[row]);
        let unique = places.get(first + 1).is_none_or(|(hash, _)| *hash != new[row]);
        if let Some((hash, source)) = places.get(first)
            && *hash == new[row]
            && unique
        {
            votes[rows + source - row] += 1;
        }
    }
    let (index, count) = votes.into_iter().enumerate().max_by_key(|(_, count)| *count)?;
    (count > 0).then_some(index as isize - rows as isize)
}

/// The run of rows that moved together and holds the most rows worth it, without useless
/// rows at its ends.
fn best_run(
    rows: usize,
    same: impl Fn(usize) -> bool,
    worth: &[bool],
) -> Option<std::ops::Range<usize>> {
    let mut best: Option<(usize, std::ops::Range<usize>)> = None;
    let mut row = 0;
    while row < rows {
        let start = row;
        while row < rows && same(row) {
            row += 1;
        }
        let useful: Vec<usize> = (start..row).filter(|row| worth[*row]).collect();
        if let (Some(first), Some(last)) = (useful.first(), useful.last())
            && best.as_ref().is_none_or(|(most, _)| useful.len() > *most)
        {
            best = Some((useful.len(), *first..last + 1));
        }
        row += 1;
    }
    best.map(|(_, run)| run)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use fanlight_core::Color;

    use super::super::cells::{Look, PaintCell};
    use super::*;

    const COLUMNS: usize = 4;

    fn screen(lines: &[&str]) -> Rows {
        let blank = PaintCell::blank(Color::default()).look();
        let mut rows = Rows::new(COLUMNS, lines.len());
        for line in lines {
            for c in format!("{line:<COLUMNS$}").chars() {
                rows.push(Look { glyph: u32::from(c), ..blank }.into());
            }
            rows.end_row();
        }
        rows
    }

    #[test]
    fn a_screen_that_scrolled_is_one_move() {
        let found = find(&screen(&["a", "b", "c", "d"]), &screen(&["c", "d", "e", "f"]));
        assert_eq!(found, Some(Move { from: 2, to: 0, count: 2 }));
    }

    #[test]
    fn a_region_moves_between_rows_that_stay() {
        let old = screen(&["top", "a", "b", "c", "end"]);
        let new = screen(&["top", "x", "a", "b", "end"]);
        assert_eq!(find(&old, &new), Some(Move { from: 1, to: 2, count: 2 }));
    }

    #[test]
    fn repeated_and_blank_rows_move_nothing() {
        assert_eq!(find(&screen(&["y", "y", "", ""]), &screen(&["y", "y", "y", "y"])), None);
        assert_eq!(find(&screen(&["a", "b"]), &screen(&["", ""])), None);
    }
}
