/** A folder's body is an index of what is in it ("Object instructions" in Guacamole's manual). */
export const FOLDER = 'application/vnd.glyptodon.guacamole.stream-index+json';
/** An index with sizes and times: the embedded engine's own. */
export const LISTING = 'application/vnd.fanlight.listing+json';

export interface Entry {
  name: string;
  path: string;
  folder: boolean;
  /** Bytes; `null` where the engine does not tell. */
  size: number | null;
  modified: Date | null;
}

const baseName = (path: string): string => path.replace(/\/+$/, '').split('/').pop() ?? path;

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Folders first, then by name, numbers by their value. */
export const inOrder = (a: Entry, b: Entry): number => Number(b.folder) - Number(a.folder) || collator.compare(a.name, b.name);

/** guacd tells the type alone, the embedded engine more. */
interface Told {
  type?: unknown;
  size?: unknown;
  modified?: unknown;
}

function entryOf(path: string, told: unknown): Entry {
  const { type, size, modified }: Told = typeof told === 'object' && told !== null ? told : { type: told };
  return {
    name: baseName(path),
    path,
    folder: type === FOLDER || type === 'folder',
    size: typeof size === 'number' ? size : null,
    modified: typeof modified === 'number' ? new Date(modified) : null,
  };
}

/** Reads a folder's index: of each path its type, or an object that says more. Throws where it is none. */
export function readIndex(json: string): Entry[] {
  const index: unknown = JSON.parse(json);
  if (typeof index !== 'object' || index === null) throw new SyntaxError('not an index');
  return Object.entries(index).map(([path, told]) => entryOf(path, told)).sort(inOrder);
}

/** The path of `name` in a folder. */
export const join = (folder: string, name: string): string => `${folder.replace(/\/+$/, '')}/${name}`;

/** The folders that lead to `path`, the root first. */
export function crumbs(path: string): { name: string; path: string }[] {
  const names = path.split('/').filter(Boolean);
  return names.map((name, i) => ({ name, path: `/${names.slice(0, i + 1).join('/')}` }));
}

/** A name that is not taken: `report.txt`, `report (2).txt`. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  const dot = name.lastIndexOf('.');
  const [stem, suffix] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? name : `${stem} (${n})${suffix}`;
    if (!taken.has(candidate)) return candidate;
  }
}
