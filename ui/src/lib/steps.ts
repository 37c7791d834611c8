/** One rung of the connect ladder. */
export interface Rung {
  name: string;
  state: string;
  /** How long it took, or had taken when it was told; `null` where the gateway does not say. */
  milliseconds: number | null;
  /** When it began, by this browser's clock in milliseconds, while it is under way. */
  since?: number;
}

const STATES = new Set(['running', 'done', 'failed']);

/** How long a rung has taken, now. */
export function timeOf(rung: Rung, now: number): number | null {
  return rung.state === 'running' && rung.since !== undefined ? Math.max(0, now - rung.since) : rung.milliseconds;
}

/** Applies a `step,<index>,<state>,<milliseconds>,<name>` instruction. What is malformed changes nothing. */
export function climb(ladder: readonly Rung[], args: readonly string[], now: number): Rung[] {
  const [index = '', state = '', time = '', name = ''] = args;
  const at = Number(index);
  if (!/^\d{1,3}$/.test(index) || at > ladder.length || !STATES.has(state) || name === '') return [...ladder];
  const milliseconds = /^\d+$/.test(time) ? Number(time) : null;
  const next = [...ladder];
  const since = next[at]?.since ?? now - (milliseconds ?? 0);
  next[at] = state === 'running' ? { name, state, milliseconds, since } : { name, state, milliseconds };
  return next;
}

/** The ladder of a session that broke off: what was under way has failed. */
export function fallOff(ladder: readonly Rung[], now: number): Rung[] {
  return ladder.map((rung) =>
    rung.state === 'running' ? { name: rung.name, state: 'failed', milliseconds: timeOf(rung, now) } : rung,
  );
}

/** `840 ms`, `2.4 s`, `1 min 5 s`. */
export function spell(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
