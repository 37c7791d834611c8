import { describe, expect, it } from 'vitest';
import { routeOf, safeNext } from './route';

const at = (path: string) => {
  const url = new URL(path, 'https://gate.example');
  return routeOf(url);
};

describe('routeOf', () => {
  it('reads both forms of a share', () => {
    const wanted = { page: 'session', id: '550e', key: 'abc123' };
    expect(at('/client/550e&key=abc123')).toEqual(wanted);
    expect(at('/client/550e?key=abc123')).toEqual(wanted);
    expect(at('/client/550e')).toEqual({ ...wanted, key: null });
  });

  it('tells watching from taking part', () => {
    expect(at('/client/550e?watch=true')).toEqual({ page: 'session', id: '550e', key: null, watch: true });
    expect(at('/client/550e?watch=1')).toEqual({ page: 'session', id: '550e', key: null });
    expect(at('/sessions/history?q=a').page).toBe('history');
  });

  it('knows the pages', () => {
    expect(['/', '/sessions', '/settings/', '/x'].map((path) => at(path).page)).toEqual(['start', 'sessions', 'settings', 'missing']);
    expect(at('/recordings')).toEqual({ page: 'recordings', name: null });
    expect(at('/recordings/ssh-1')).toEqual({ page: 'recordings', name: 'ssh-1' });
    expect(at('/login?next=/client/1')).toEqual({ page: 'sign-in', next: '/client/1', reason: null });
    expect(at('/login?reason=link')).toEqual({ page: 'sign-in', next: '/', reason: 'link' });
  });
});

describe('safeNext', () => {
  it('bar_27_next_stays_on_this_site', () => {
    for (const bad of ['//x', '/\\x', 'https://x', '/a\r\nb', '/\tx', 'x', '', null]) expect(safeNext(bad)).toBe('/');
    expect(safeNext('/sessions?a=b')).toBe('/sessions?a=b');
  });
});
