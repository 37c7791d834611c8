import { api } from '../api/client';
import type { Driver, Preset, Session } from '../api/types';
import { Resource } from './resource.svelte';

/** What there is to connect to, shared by the pages and the palette. */
export const drivers = new Resource(api.drivers);
export const presets = new Resource(api.presets);
export const sessions = new Resource(api.sessions);

export const driverOf = (id: string): Driver | undefined => drivers.data?.find((driver) => driver.id === id);

/** Drivers' names for people; the id until the list is there. */
export const labelOfDriver = (id: string): string => driverOf(id)?.label ?? id;

export const isLive = (session: Session): boolean => session.status === 'active' || session.status === 'pending';

type Place = Pick<Preset, 'hostname' | 'url' | 'username'> & { port?: number | null };

/** Where something leads, as a person writes it: `root@10.0.0.5`, or the page's address. */
export function placeOf({ hostname, url, username, port }: Place): string {
  if (url) return url;
  const host = hostname ?? '';
  const bracketed = port && host.includes(':') ? `[${host}]` : host;
  return `${username ? `${username}@` : ''}${bracketed}${port ? `:${port}` : ''}`;
}

export const nameOf = (session: Session): string => session.name || placeOf(session) || labelOfDriver(session.session_type);
