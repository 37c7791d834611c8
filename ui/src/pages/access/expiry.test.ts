import { describe, expect, it } from 'vitest';
import { endOfDay, expiryOf, startOfDay } from './expiry';

const NOW = Date.UTC(2026, 0, 10, 12);

describe('the expiry of a token', () => {
  it('is that many days away', () => {
    expect(expiryOf('7', '', NOW)).toBe('2026-01-17T12:00:00.000Z');
    expect(expiryOf('365', '', NOW)).toBe('2027-01-10T12:00:00.000Z');
  });

  it('is missing where a token never expires', () => {
    expect(expiryOf('never', '2026-02-01', NOW)).toBeUndefined();
  });

  it('covers the whole of its last day', () => {
    const end = new Date(expiryOf('date', '2026-02-01', NOW) ?? '');
    expect([end.getFullYear(), end.getMonth(), end.getDate(), end.getHours()]).toEqual([2026, 1, 1, 23]);
  });

  it('is no day where nothing or nonsense was typed', () => {
    expect(endOfDay('')).toBeNull();
    expect(endOfDay('tomorrow')).toBeNull();
    expect(startOfDay('')).toBeNull();
  });
});
