import { describe, expect, it } from 'vitest';
import { filterOf, isNarrowed, narrowingOf, queryOf } from './audit-filter';

const NOW = Date.UTC(2026, 0, 10, 12);
const from = (query: string) => narrowingOf(new URLSearchParams(query));

describe('the filter of the audit log', () => {
  it('is kept in the address', () => {
    const query = '?action=sign_in&actor=ada%40example.com&outcome=refused&q=two+words&period=dates&since=2026-01-01&until=2026-01-02';
    expect(from(queryOf(from(query)))).toEqual(from(query));
  });

  it('leaves the address alone where it narrows nothing', () => {
    expect(queryOf(from('?period=nonsense'))).toBe('');
    expect(isNarrowed(from(''))).toBe(false);
  });

  it('asks for a span that ends now', () => {
    expect(filterOf(from('?period=hour'), NOW)).toMatchObject({ from: '2026-01-10T11:00:00.000Z', to: '' });
  });

  it('asks for whole days where this browser is', () => {
    const { from: first, to: last } = filterOf(from('?period=dates&since=2026-01-01&until=2026-01-02'), NOW);
    expect(new Date(last).getTime() - new Date(first).getTime()).toBe(2 * 86_400_000 - 1000);
  });
});
