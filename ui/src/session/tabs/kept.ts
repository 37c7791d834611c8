/** What a window remembers of its sessions over a reload. */
export interface Kept {
  tabs: { id: string; key: string | null; watch?: true }[];
  beside: { id: string; left: boolean } | null;
}

type Unknown = Record<string, unknown>;
const isRecord = (value: unknown): value is Unknown => typeof value === 'object' && value !== null;

/** What was kept, without anything that is not as it should be. */
export function parseKept(text: string | null): Kept {
  let kept: unknown = null;
  try {
    kept = JSON.parse(text ?? 'null');
  } catch {
    // Nothing of ours: as if nothing had been kept.
  }
  const { tabs, beside } = isRecord(kept) ? kept : ({} as Unknown);
  const known = (Array.isArray(tabs) ? tabs : []).filter(isRecord).filter((tab) => typeof tab['id'] === 'string');
  const other = isRecord(beside) && typeof beside['id'] === 'string' ? { id: beside['id'], left: beside['left'] === true } : null;
  return {
    tabs: known.map((tab) => ({
      id: tab['id'] as string,
      key: typeof tab['key'] === 'string' ? tab['key'] : null,
      ...(tab['watch'] === true && ({ watch: true } as const)),
    })),
    beside: other,
  };
}
