type Row = [number: number, text: string];

interface Told {
  rows?: string[];
  changed?: Row[];
}

/** Applies what an engine says of the screen's text: all rows, or those that changed. `null`: no text. */
export function applyText(before: readonly string[], value: string): readonly string[] | null {
  if (!value.startsWith('{')) return null;
  const { rows, changed }: Told = JSON.parse(value) as Told;
  if (rows) return rows;
  const after = [...before];
  for (const [row, text] of changed ?? []) after[row] = text;
  return after;
}

/** Lines by which a screen may have scrolled for its old lines to be known again. */
function scrolled(before: readonly string[], after: readonly string[]): number {
  const filled = before.findLastIndex((line) => line !== '') + 1;
  for (let by = 1; by < filled; by += 1) {
    // The last line grows while it is typed, so it need not be the same.
    const kept = before.slice(by, Math.max(by + 1, filled - 1));
    if (kept.every((line, i) => line === after[i])) return by;
  }
  return 0;
}

/** What is to be read out when a screen's text changes: the lines that are new. */
export function newsIn(before: readonly string[], after: readonly string[]): string {
  const differing = (by: number): string[] => after.filter((line, i) => line !== '' && line !== before[i + by]);
  const still = differing(0);
  const by = still.length > 2 ? scrolled(before, after) : 0;
  return (by > 0 ? differing(by) : still).join('\n');
}
