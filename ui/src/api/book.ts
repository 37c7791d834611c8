import { request } from './client';
import type { components } from './schema';
import type { CreatedSession } from './types';

type Schemas = components['schemas'];

export type Folder = Schemas['FolderView'];
export type Scope = Schemas['Scope'];
/** The driver's fields stand beside the book's own. */
export type Entry = Schemas['EntryBody'] & { hostname?: string; port?: number; username?: string; url?: string };

export type OwnCredential = Schemas['PersonalView'];
export type Trial = Schemas['TrialView'];

type Fields = Record<string, unknown>;
type FolderPlace = Pick<Folder, 'scope' | 'name'>;
type EntryPlace = Pick<Entry, 'scope' | 'folder' | 'name'>;

const FOLDERS = '/api/addressbook/folders';
const folder = (scope: string, name: string): string => `${FOLDERS}/${scope}/${encodeURIComponent(name)}`;
const entry = (at: EntryPlace): string => `${folder(at.scope, at.folder)}/entries/${encodeURIComponent(at.name)}`;

/** The gateway ends a dry run before this. */
const TRIAL_MS = 40_000;

/** The address book. Every call throws an `ApiError`. */
export const book = {
  folders: () => request<Folder[]>('GET', FOLDERS),
  addFolder: (made: Omit<Folder, 'admins_only'>) => request<Folder>('POST', FOLDERS, made),
  changeFolder: (at: FolderPlace, change: Partial<Folder>) => request<Folder>('PUT', folder(at.scope, at.name), change),
  deleteFolder: (at: FolderPlace) => request<void>('DELETE', folder(at.scope, at.name)),
  entries: () => request<Entry[]>('GET', '/api/addressbook/entries'),
  addEntry: (scope: Scope, name: string, fields: Fields) => request<Entry>('POST', `${folder(scope, name)}/entries`, fields),
  changeEntry: (at: EntryPlace, fields: Fields) => request<Entry>('PUT', entry(at), fields),
  deleteEntry: (at: EntryPlace) => request<void>('DELETE', entry(at)),
  test: (at: EntryPlace) => request<Trial>('POST', `${entry(at)}/connect?dry_run=true`, {}, TRIAL_MS),
  connect: (at: EntryPlace, overrides: Fields) => request<CreatedSession>('POST', `${entry(at)}/connect`, overrides),
};

const credential = (name: string): string => `/api/me/credentials/${encodeURIComponent(name)}`;

/** A person's own credentials, which entries name. Every call throws an `ApiError`. */
export const own = {
  list: () => request<OwnCredential[]>('GET', '/api/me/credentials'),
  set: (name: string, value: string) => request<void>('PUT', credential(name), { value }),
  remove: (name: string) => request<void>('DELETE', credential(name)),
};
