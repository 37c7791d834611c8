import type { Expiry } from './drafts.svelte';

const DAY_MS = 86_400_000;

/** The last second of a day (`2026-03-01`) where this browser is; `null` where it is no day. */
export function endOfDay(day: string): Date | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!match) return null;
  const end = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]), 23, 59, 59);
  return Number.isNaN(end.getTime()) ? null : end;
}

/** The first second of a day where this browser is. */
export function startOfDay(day: string): Date | null {
  const end = endOfDay(day);
  return end && new Date(end.getFullYear(), end.getMonth(), end.getDate());
}

/** When a token made at `now` expires, as RFC 3339; nothing where it does not. */
export function expiryOf(expiry: Expiry, day: string, now: number): string | undefined {
  if (expiry === 'never') return undefined;
  if (expiry === 'date') return endOfDay(day)?.toISOString();
  return new Date(now + Number(expiry) * DAY_MS).toISOString();
}

/** The day after `now`, as a date field writes it. */
export function tomorrow(now: number): string {
  const day = new Date(now + DAY_MS);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}
