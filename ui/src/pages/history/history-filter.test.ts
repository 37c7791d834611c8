import { describe, expect, it } from 'vitest';
import { between, bytes, filterOf, narrowingOf, queryOf } from './history-filter';

describe('history', () => {
  it('is narrowed by its address, there and back', () => {
    const text = '?status=error&session_type=ssh&who=ada&q=db&period=day';
    const narrowing = narrowingOf(new URLSearchParams(text));
    expect(narrowingOf(new URLSearchParams(queryOf(narrowing)))).toEqual(narrowing);
    expect(queryOf(narrowingOf(new URLSearchParams()))).toBe('');
    const now = Date.parse('2027-01-02T00:00:00Z');
    expect(filterOf(narrowing, now)).toEqual({ from: '2027-01-01T00:00:00.000Z', to: '', status: 'error', session_type: 'ssh', who: 'ada', q: 'db' });
  });

  it('writes bytes and durations for people', () => {
    expect([0, 999, 1000, 34_567, 3_400_000, 512_000_000].map(bytes)).toEqual(['0 B', '999 B', '1.0 kB', '34.6 kB', '3.4 MB', '512 MB']);
    expect(between('2027-01-01T00:00:00Z', '2027-01-01T01:02:03Z')).toBe('1:02:03');
    expect(between('2027-01-01T00:00:00Z', '2027-01-01T00:00:09Z')).toBe('0:09');
  });
});
