import type { Scrollback } from './terminal.svelte';

/** A thumb that can still be seen and hit, in pixels. */
const LEAST_THUMB = 28;

export interface Thumb {
  top: number;
  height: number;
}

/** Where the thumb is on a track of `track` pixels. */
export function thumbOf({ offset, history, rows }: Scrollback, track: number): Thumb {
  const height = Math.min(track, Math.max(LEAST_THUMB, (track * rows) / (history + rows)));
  const way = history === 0 ? 1 : 1 - Math.min(1, offset / history);
  return { top: (track - height) * way, height };
}

/** The offset that puts the thumb's top at `top`. */
export function offsetAt({ history }: Scrollback, track: number, height: number, top: number): number {
  const room = Math.max(1, track - height);
  return Math.round(history * (1 - Math.min(1, Math.max(0, top / room))));
}
