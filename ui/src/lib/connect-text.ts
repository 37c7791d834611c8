import type { Driver } from '../api/types';
import { schemaOf, type Schema } from './schema';

/** What a line such as `ssh root@10.0.0.5:2222` asks for. */
export interface Target {
  driver: Driver;
  /** Fields of the request, by the names of the driver's schema. */
  fields: Record<string, string | number>;
  /** The target as a person writes it. */
  text: string;
}

interface Address {
  host: string;
  user: string | null;
  port: number | null;
}

/** Which schema fields take the parts of an address. Only their meaning is known here, not the protocol. */
interface AddressFields {
  host: string | null;
  user: string | null;
  port: string | null;
  url: string | null;
}

const named = (schema: Schema, names: string[]): string | null =>
  names.find((name) => schema.properties?.[name] !== undefined) ?? null;

const formatted = (schema: Schema, formats: string[]): string | null =>
  Object.entries(schema.properties ?? {}).find(([, field]) => formats.includes(field.format ?? ''))?.[0] ?? null;

export function addressFields(driver: Driver): AddressFields {
  const schema = schemaOf(driver);
  return {
    host: formatted(schema, ['hostname', 'idn-hostname']) ?? named(schema, ['hostname', 'host']),
    user: named(schema, ['username', 'user']),
    port: named(schema, ['port']),
    url: formatted(schema, ['uri', 'url']) ?? named(schema, ['url']),
  };
}

/** `[user@]host[:port]`; IPv6 in brackets when a port follows. `null` where it is none. */
export function parseAddress(text: string): Address | null {
  const at = text.lastIndexOf('@');
  const user = at < 0 ? null : text.slice(0, at);
  const rest = text.slice(at + 1);
  const match = /^\[([0-9a-fA-F:.]+)\](?::(\d{1,5}))?$/.exec(rest) ?? /^([^\s:/[\]]+)(?::(\d{1,5}))?$/.exec(rest);
  const bare = match === null && /^[0-9a-fA-F:]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(rest) ? rest : match?.[1];
  if (bare === undefined || user === '' || /\s/.test(user ?? '')) return null;
  const port = match?.[2] === undefined ? null : Number(match[2]);
  if (port !== null && (port < 1 || port > 65535)) return null;
  return { host: bare, user, port };
}

function addressTarget(driver: Driver, text: string): Target | null {
  const names = addressFields(driver);
  const address = parseAddress(text);
  if (address === null || names.host === null) return null;
  if ((address.user !== null && names.user === null) || (address.port !== null && names.port === null)) return null;
  const fields: Target['fields'] = { [names.host]: address.host };
  if (names.user !== null && address.user !== null) fields[names.user] = address.user;
  if (names.port !== null && address.port !== null) fields[names.port] = address.port;
  return { driver, fields, text };
}

function urlTarget(driver: Driver, text: string): Target | null {
  const name = addressFields(driver).url;
  return name === null ? null : { driver, fields: { [name]: text }, text };
}

const isUrl = (text: string): boolean => /^https?:\/\/[^\s/]+/i.test(text);

/** A host that somebody may have meant: has a dot, a colon, an `@`, or is an address. */
const looksLikeHost = (text: string): boolean => /[.:@]/.test(text) && !/\s/.test(text);

/**
 * The connections that `text` may mean, best first: `<driver> [user@]host[:port]`,
 * `<driver>://[user@]host[:port]`, a URL for the drivers that open one, or a bare address
 * for each driver that takes one.
 */
export function parseTargets(text: string, drivers: readonly Driver[]): Target[] {
  const line = text.trim();
  const [, word = '', rest = ''] = /^([a-z0-9-]+)(?::\/\/|\s+)(\S+)\/?$/i.exec(line) ?? [];
  const named = drivers.find((driver) => driver.id === word.toLowerCase());
  const all = (make: (driver: Driver) => Target | null): Target[] =>
    drivers.map(make).filter((target) => target !== null);
  if (named) {
    const target = isUrl(rest) ? urlTarget(named, rest) : addressTarget(named, rest.replace(/\/$/, ''));
    return target === null ? [] : [target];
  }
  if (isUrl(line)) return all((driver) => urlTarget(driver, line));
  return looksLikeHost(line) ? all((driver) => addressTarget(driver, line)) : [];
}
