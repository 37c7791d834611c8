import type { AuditFilter } from '../../api/access';
import { endOfDay, startOfDay } from './expiry';

/** A period that ends now, or two days. */
export type Period = 'all' | 'hour' | 'day' | 'week' | 'month' | 'dates';

const SPANS_MS: Partial<Record<Period, number>> = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 30 * 86_400_000,
};
export const PERIODS: readonly Period[] = ['all', 'hour', 'day', 'week', 'month', 'dates'];

/** What the page is narrowed to, as its address says it. */
export interface Narrowing {
  period: Period;
  /** Days as date fields write them, with the period `dates`. */
  since: string;
  until: string;
  action: string;
  actor: string;
  outcome: string;
  q: string;
}

export const periodOf = (value: string | null): Period => PERIODS.find((period) => period === value) ?? 'all';

export const narrowingOf = (query: URLSearchParams): Narrowing => ({
  period: periodOf(query.get('period')),
  since: query.get('since') ?? '',
  until: query.get('until') ?? '',
  action: query.get('action') ?? '',
  actor: query.get('actor') ?? '',
  outcome: query.get('outcome') ?? '',
  q: query.get('q') ?? '',
});

/** The address's query for a narrowing, without what does not narrow. */
export function queryOf(narrowing: Narrowing): string {
  const { period, since, until, ...rest } = narrowing;
  const pairs = Object.entries({ ...rest, ...(period === 'all' ? {} : { period }), ...(period === 'dates' ? { since, until } : {}) });
  const set = pairs.filter(([, value]) => value !== '');
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
}

export const isNarrowed = (narrowing: Narrowing): boolean => queryOf(narrowing) !== '';

/** The ends of a period, as the gateway reads them. */
export function endsOf({ period, since, until }: Pick<Narrowing, 'period' | 'since' | 'until'>, now: number): { from: string; to: string } {
  const span = SPANS_MS[period];
  const dates = period === 'dates';
  return {
    from: span ? new Date(now - span).toISOString() : ((dates && startOfDay(since)?.toISOString()) || ''),
    to: (dates && endOfDay(until)?.toISOString()) || '',
  };
}

/** What to ask the gateway for. */
export function filterOf(narrowing: Narrowing, now: number): AuditFilter {
  const { action, actor, outcome, q } = narrowing;
  return {
    ...endsOf(narrowing, now),
    action,
    actor,
    outcome,
    q,
  };
}
