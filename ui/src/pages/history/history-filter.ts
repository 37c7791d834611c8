import type { HistoryFilter } from '../../api/client';
import { endsOf, periodOf, type Period } from '../access/audit-filter';

/** What the history is narrowed to, as its address says it. */
export interface Narrowing {
  period: Period;
  /** Days as date fields write them, with the period `dates`. */
  since: string;
  until: string;
  status: string;
  session_type: string;
  who: string;
  q: string;
}

export const narrowingOf = (query: URLSearchParams): Narrowing => ({
  period: periodOf(query.get('period')),
  since: query.get('since') ?? '',
  until: query.get('until') ?? '',
  status: query.get('status') ?? '',
  session_type: query.get('session_type') ?? '',
  who: query.get('who') ?? '',
  q: query.get('q') ?? '',
});

/** The address's query for a narrowing, without what does not narrow. */
export function queryOf({ period, since, until, ...rest }: Narrowing): string {
  const pairs = Object.entries({ ...rest, ...(period !== 'all' && { period }), ...(period === 'dates' && { since, until }) });
  const set = pairs.filter(([, value]) => value !== '');
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
}

/** What to ask the gateway for. */
export function filterOf(narrowing: Narrowing, now: number): HistoryFilter {
  const { status, session_type, who, q } = narrowing;
  return { ...endsOf(narrowing, now), status, session_type, who, q };
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `3.4 MB`; thousands, as disks and networks count. */
export function bytes(count: number): string {
  const power = count < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}

/** `1:02:03` or `2:03`: hours, minutes, seconds between two times. */
export function between(from: string, to: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
