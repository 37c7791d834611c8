import { Parser } from '@glokon/guacamole-common-js';

/** One instruction of a recording. */
export type Instruction = readonly [opcode: string, args: string[]];

/** What changes at one moment. */
export interface Frame {
  /** Milliseconds since the recording's start. */
  at: number;
  /** The `sync` that ends it is not among them. */
  instructions: Instruction[];
}

/** Takes a stretch of a recording apart; `epoch` is the stamp of its start, milliseconds. */
export function framesOf(stream: string, epoch: number): Frame[] {
  const frames: Frame[] = [];
  let instructions: Instruction[] = [];
  const parser = new Parser();
  parser.oninstruction = (opcode: string, args: string[]) => {
    if (opcode !== 'sync') {
      instructions.push([opcode, args]);
      return;
    }
    frames.push({ at: Math.max(0, Number(args[0]) - epoch), instructions });
    instructions = [];
  };
  parser.receive(stream);
  return frames;
}

/** How many of the frames are shown at a moment. */
export function countUntil(frames: readonly Frame[], at: number): number {
  let [low, high] = [0, frames.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((frames[middle]?.at ?? Infinity) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where a recording may be entered. */
export interface Entrance {
  time_ms: number;
  offset: number;
}

/** The last of these that begins at or before a moment; the first where none does. */
export function segmentAt(segments: readonly Entrance[], at: number): number {
  let found = 0;
  segments.forEach((segment, index) => {
    if (segment.time_ms <= at) found = index;
  });
  return found;
}

/** `1:02:03`, or `2:03`. */
export function clockOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `12 kB`, `3.4 MB`: as disks are sold. */
export function sizeOf(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** The outline of how much happened when, in a box of `width` by `height`. */
export function outline(bytes: readonly number[], widthMs: number, durationMs: number, width: number, height: number): string {
  const most = Math.log1p(Math.max(1, ...bytes));
  const step = durationMs > 0 ? (width * widthMs) / durationMs : width;
  return bytes
    .map((count, index) => {
      if (count === 0) return '';
      const tall = Math.max(1, (Math.log1p(count) / most) * height);
      const left = index * step;
      const right = Math.min(width, left + Math.max(1, step * 0.8));
      return left < width ? `M${left.toFixed(1)} ${height}V${(height - tall).toFixed(1)}H${right.toFixed(1)}V${height}Z` : '';
    })
    .join('');
}
