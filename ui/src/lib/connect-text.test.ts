import { describe, expect, it } from 'vitest';
import { parseAddress, parseTargets } from './connect-text';
import { page, shell } from './drivers.fixture';

const drivers = [shell, page];
const fields = (text: string) => parseTargets(text, drivers).map(({ driver, fields }) => [driver.id, fields]);

describe('parseTargets', () => {
  it('reads driver, user, host and port', () => {
    expect(fields('shell root@10.0.0.5:2222')).toEqual([
      ['shell', { hostname: '10.0.0.5', username: 'root', port: 2222 }],
    ]);
  });

  it('takes the form of a URL with the driver as its scheme', () => {
    expect(fields('shell://db.example.com/')).toEqual([['shell', { hostname: 'db.example.com' }]]);
  });

  it('offers a page for a web address, and nothing that only takes hosts', () => {
    expect(fields('https://example.com/a?b=c')).toEqual([['page', { url: 'https://example.com/a?b=c' }]]);
    expect(fields('page https://example.com')).toEqual([['page', { url: 'https://example.com' }]]);
  });

  it('offers every driver that takes a host for a bare address, but none for a word', () => {
    expect(fields('admin@web-1')).toEqual([['shell', { hostname: 'web-1', username: 'admin' }]]);
    expect(fields('production')).toEqual([]);
    expect(fields('')).toEqual([]);
  });

  it('refuses what the driver has no field for, and bad ports', () => {
    expect(fields('page root@host')).toEqual([]);
    expect(fields('shell host:70000')).toEqual([]);
    expect(fields('shell host:0')).toEqual([]);
  });
});

describe('parseAddress', () => {
  it('keeps an @ in the user name, and reads IPv6 with and without brackets', () => {
    expect(parseAddress('jo@corp.example@host')).toEqual({ host: 'host', user: 'jo@corp.example', port: null });
    expect(parseAddress('[2001:db8::1]:22')).toEqual({ host: '2001:db8::1', user: null, port: 22 });
    expect(parseAddress('::1')).toEqual({ host: '::1', user: null, port: null });
    expect(parseAddress('@host')).toBeNull();
    expect(parseAddress('ho st')).toBeNull();
  });
});
