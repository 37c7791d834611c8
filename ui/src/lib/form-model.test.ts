import { describe, expect, it } from 'vitest';
import { shell } from './drivers.fixture';
import { faultsOf, formOf, labelOf, requestOf, withoutSecrets, type Field } from './form-model';

const groups = formOf(shell);
const all = groups.flatMap((group) => group.fields);
const field = (name: string): Field => {
  const found = all.find((one) => one.name === name);
  if (!found) throw new Error(`no field ${name}`);
  return found;
};

describe('formOf', () => {
  it('puts required fields first, groups behind, and leaves the window its size', () => {
    expect(groups.map((group) => group.title)).toEqual([null, 'Display', 'Engine']);
    expect(groups[0]?.fields.map((one) => one.name)).toEqual([
      'hostname', 'port', 'username', 'private_key', 'allowed', 'hops',
    ]);
  });

  it('opens the group that holds the credentials, in the order people give them', () => {
    const text = (name: string, more = {}) => [name, { type: 'string', 'x-group': 'Login', ...more }];
    const properties = Object.fromEntries([
      ['depth', { type: 'integer', 'x-group': 'Display' }],
      text('host_key'), text('passphrase'), text('password'), text('private_key'), text('username'),
    ]);
    const [main, login, display] = formOf({ ...shell, engines: [], schema: { type: 'object', properties } });
    expect([main?.fields.length, login?.title, login?.open, display?.title, display?.open]).toEqual([0, 'Login', true, 'Display', false]);
    expect(login?.fields.map((one) => one.name)).toEqual(['username', 'password', 'private_key', 'passphrase', 'host_key']);
  });

  it('reads kinds, limits, secrets and help', () => {
    expect(field('port')).toMatchObject({ kind: 'number', minimum: 1, maximum: 65535, required: false });
    expect(field('private_key')).toMatchObject({ kind: 'lines', secret: true, label: 'Private key' });
    expect(field('palette')).toMatchObject({ kind: 'choice', choices: [{ value: 'gray' }, { value: 'green' }] });
    expect(field('username').help).toBe('Account on the target.');
    expect(field('hostname').help).toBe('Name of the host.');
    expect(field('hops').fields.map((one) => one.name)).toEqual(['hostname', 'username', 'password']);
    expect(field('engine').choices.map((one) => one.value)).toEqual(['embedded', 'guacd']);
  });

  it('names fields for people', () => {
    expect(labelOf('kdc_url')).toBe('Kdc URL');
  });
});

describe('requestOf', () => {
  it('leaves out what was left alone and keeps JSON types', () => {
    const values = {
      hostname: 'a', username: '', port: '2222', depth: '16', forward_agent: false,
      allowed: 'x.org\n\n y.org ', hops: [{ hostname: 'b', username: 'jo', password: '' }],
    };
    expect(requestOf(all, values)).toEqual({
      hostname: 'a', port: 2222, depth: 16, allowed: ['x.org', 'y.org'], hops: [{ hostname: 'b', username: 'jo' }],
    });
  });

  it('sends a tick that differs from the default', () => {
    expect(requestOf(all, { forward_agent: true })).toEqual({ forward_agent: true });
  });
});

describe('faultsOf', () => {
  it('names required, range and nested faults by path', () => {
    expect(faultsOf(all, { port: '70000', hops: [{ hostname: 'b' }] })).toEqual({
      hostname: 'is required', port: 'must be 1 to 65535', 'hops.0.username': 'is required',
    });
    expect(faultsOf(all, { hostname: 'a', port: '2.5' })).toEqual({ port: 'must be a whole number' });
  });
});

describe('withoutSecrets', () => {
  it('drops secrets at every depth', () => {
    const values = { hostname: 'a', private_key: 'canary', hops: [{ hostname: 'b', password: 'canary' }] };
    expect(JSON.stringify(withoutSecrets(all, values))).not.toContain('canary');
    expect(withoutSecrets(all, values)).toEqual({ hostname: 'a', hops: [{ hostname: 'b' }] });
  });
});
