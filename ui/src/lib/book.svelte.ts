import { book, type Entry, type Folder } from '../api/book';
import { ApiError } from '../api/errors';
import { labelOfDriver, placeOf } from './catalog.svelte';
import { pathOf, windowSize } from './open';
import { missingOwn } from './own';
import { Resource } from './resource.svelte';
import { router } from './router.svelte';

/** What the address book holds for this person, shared by the pages and the palette. */
export const folders = new Resource(book.folders);
export const entries = new Resource(book.entries);

export const keyOf = (entry: Pick<Entry, 'scope' | 'folder' | 'name'>): string => `${entry.scope}/${entry.folder}/${entry.name}`;
export const folderKey = (folder: Pick<Folder, 'scope' | 'name'>): string => `${folder.scope}/${folder.name}`;
export const folderOf = (entry: Entry): string => `${entry.scope}/${entry.folder}`;
export const nameOfEntry = (entry: Entry): string => entry.display_name || entry.name;
export const targetOf = (entry: Entry): string => placeOf(entry) || labelOfDriver(entry.type);

/** What finds an entry. */
export const wordsOf = (entry: Entry): string =>
  `${nameOfEntry(entry)} ${entry.name} ${targetOf(entry)} ${entry.folder} ${entry.type} ${entry.tags.join(' ')}`;

const FAVOURITES = 'fanlight.favourites';
const USED = 'fanlight.used';
const KEPT = 200;

function read<T>(key: string, otherwise: T): T {
  try {
    return (JSON.parse(localStorage.getItem(key) ?? 'null') as T | null) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing still connects.
  }
}

/** What this person likes and used, in this browser. */
class Shelf {
  #favourites = $state.raw(new Set(read<string[]>(FAVOURITES, [])));
  #used = $state.raw(read<Record<string, number>>(USED, {}));

  isFavourite(entry: Entry): boolean {
    return this.#favourites.has(keyOf(entry));
  }

  toggle(entry: Entry): void {
    const favourites = new Set(this.#favourites);
    if (!favourites.delete(keyOf(entry))) favourites.add(keyOf(entry));
    this.#favourites = favourites;
    write(FAVOURITES, [...favourites]);
  }

  /** When it was last connected from here; `null` if never. */
  usedAt(entry: Entry): number | null {
    return this.#used[keyOf(entry)] ?? null;
  }

  note(entry: Entry): void {
    const all = Object.entries({ ...this.#used, [keyOf(entry)]: Date.now() });
    this.#used = Object.fromEntries(all.sort((a, b) => b[1] - a[1]).slice(0, KEPT));
    write(USED, this.#used);
  }
}

export const shelf = new Shelf();

/** Refusals that more credentials answer. */
const ASKS = new Set(['credentials_required', 'personal_credentials_required']);

/** The entry whose credentials are asked for, and how it was to be opened. */
class Asking {
  entry = $state.raw<Entry | null>(null);
  /** Those of one's own that are not set; the entry's own stand in for nothing else then. */
  own = $state.raw<readonly string[]>([]);
  newTab = false;
}

export const asking = new Asking();

/** Opens an entry; where it needs credentials, they are asked for first. Throws `ApiError`. */
export async function openEntry(entry: Entry, newTab: boolean): Promise<void> {
  asking.newTab = newTab;
  asking.own = [];
  if (entry.prompt_credentials) {
    asking.entry = entry;
    return;
  }
  try {
    await connectEntry(entry, newTab);
  } catch (error) {
    if (!(error instanceof ApiError) || !ASKS.has(error.code)) throw error;
    asking.own = missingOwn(error);
    asking.entry = entry;
  }
}

export async function connectEntry(entry: Entry, newTab: boolean, credentials: Record<string, unknown> = {}): Promise<void> {
  const path = pathOf(await book.connect(entry, { ...credentials, ...windowSize() }));
  shelf.note(entry);
  if (newTab) window.open(path, '_blank', 'noopener');
  else router.go(path);
}

/** What the start page shows of the book: `all`, `favourites`, `recent`, `ready` or a folder's key. */
class View {
  folder = $state('all');
  search = $state('');

  show(folder: string): void {
    this.folder = folder;
    this.search = '';
  }
}

export const view = new View();
