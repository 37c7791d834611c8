import { describe, expect, it } from 'vitest';
import type { Entry } from '../api/book';
import { shell } from './drivers.fixture';
import { changeOf, keepsSecret, tagsOf, valuesFrom } from './entry-form';
import { formOf, type Values } from './form-model';

const fields = formOf({ ...shell, engines: [] }).flatMap((group) => group.fields);
const entry = {
  scope: 'shared', folder: 'production', name: 'web', type: 'shell', tags: [], version: 3,
  stored_secrets: ['private_key', 'jump_hosts.0.password'],
  hostname: 'a.example', port: 2222, username: 'root', forward_agent: true, allowed: ['x', 'y'],
  hops: [{ hostname: 'one', username: 'u' }],
  jump_hosts: [{ hostname: 'one', username: 'u' }],
} as unknown as Entry;
const stored = valuesFrom(fields, entry as unknown as Record<string, unknown>);
const change = (values: Values, cleared: string[] = []) => changeOf(fields, values, entry, (path) => cleared.includes(path));

describe('the form of an entry', () => {
  it('shows what is stored and no secret', () => {
    expect(stored).toMatchObject({ hostname: 'a.example', port: '2222', allowed: 'x\ny', forward_agent: true });
    expect(stored['private_key']).toBeUndefined();
  });

  it('sends what changed, null for what was emptied, and secrets only when typed or cleared', () => {
    expect(change({ ...stored, hops: [] })).toEqual({ allowed: ['x', 'y'], hops: null });
    expect(change({ ...stored, username: '', port: '22', forward_agent: false })).toMatchObject({ username: null, port: 22, forward_agent: null });
    expect(change({ ...stored, private_key: 'new' })).toMatchObject({ private_key: 'new' });
    expect(change(stored)).not.toHaveProperty('private_key');
    expect(change(stored, ['private_key'])).toMatchObject({ private_key: null });
    const hops = change({ ...stored, hops: [{ hostname: 'two', username: 'u', password: 'p' }] })['hops'];
    expect(hops).toEqual([{ hostname: 'two', username: 'u', password: 'p' }]);
  });

  it('tells that a jump host whose host or user changes loses its secret', () => {
    const hops = (hostname: string): Values => ({ jump_hosts: [{ hostname, username: 'u' }] });
    expect(keepsSecret(entry, hops('one'), 'jump_hosts.0.password')).toBe(true);
    expect(keepsSecret(entry, hops('two'), 'jump_hosts.0.password')).toBe(false);
    expect(keepsSecret(entry, hops('one'), 'private_key')).toBe(true);
    expect(keepsSecret(entry, hops('one'), 'password')).toBe(false);
  });

  it('reads tags with commas between them, each once', () => {
    expect(tagsOf(' web, eu ,, web')).toEqual(['web', 'eu']);
  });
});
