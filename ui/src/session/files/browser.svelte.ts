import { freeName, type Entry } from './entries';
import type { FileSystem } from './filesystem';
import type { Transfers } from './transfers.svelte';

/** Files to upload whose names are taken, until the person says what to do. */
export interface Clash {
  files: readonly File[];
  names: ReadonlySet<string>;
}

export type Resolution = 'replace' | 'both' | 'skip';

/** The folder that the files panel shows, and what it puts there. */
export class FolderView {
  path = $state('/');
  entries = $state.raw<readonly Entry[] | null>(null);
  problem = $state('');
  loading = $state(false);
  filter = $state('');
  clash = $state.raw<Clash | null>(null);
  #files: FileSystem;
  #transfers: Transfers;
  #reading: AbortController | null = null;

  constructor(files: FileSystem, transfers: Transfers) {
    this.#files = files;
    this.#transfers = transfers;
    transfers.onuploaded = (folder) => void (folder === this.path && this.refresh());
  }

  get shown(): readonly Entry[] {
    const wanted = this.filter.trim().toLowerCase();
    const entries = this.entries ?? [];
    return wanted === '' ? entries : entries.filter((entry) => entry.name.toLowerCase().includes(wanted));
  }

  go(path: string): Promise<void> {
    this.path = path === '' ? '/' : path;
    this.entries = null;
    this.filter = '';
    return this.refresh();
  }

  /** Reads the folder again; what was shown stays until the answer is there. */
  async refresh(): Promise<void> {
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    this.loading = true;
    try {
      const entries = await this.#files.list(this.path, reading.signal);
      if (reading.signal.aborted) return;
      this.entries = entries;
      this.problem = '';
    } catch (error) {
      if (reading.signal.aborted) return;
      this.entries = null;
      this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      if (this.#reading === reading) this.loading = false;
    }
  }

  close(): void {
    this.#reading?.abort();
    this.#transfers.onuploaded = () => {};
  }

  download(entry: Entry): void {
    this.#transfers.download(this.#files, entry);
  }

  /** Uploads files here, and asks first where names are taken. */
  upload(files: readonly File[]): void {
    const taken = new Set(this.entries?.map((entry) => entry.name));
    const names = new Set(files.map((file) => file.name).filter((name) => taken.has(name)));
    if (names.size > 0) this.clash = { files, names };
    else for (const file of files) this.#send(file, file.name);
  }

  resolve(resolution: Resolution): void {
    const { files, names } = this.clash ?? { files: [], names: new Set<string>() };
    const taken = new Set(this.entries?.map((entry) => entry.name));
    this.clash = null;
    for (const file of files) {
      if (names.has(file.name) && resolution === 'skip') continue;
      const name = resolution === 'both' ? freeName(file.name, taken) : file.name;
      taken.add(name);
      this.#send(file, name);
    }
  }

  #send(file: File, name: string): void {
    this.#transfers.upload(this.#files, file, this.path, name);
  }
}

/** The files of a drop, and whether there were folders among them, which cannot be sent. */
export function filesOf(data: DataTransfer): { files: File[]; folders: boolean } {
  let folders = false;
  const files: File[] = [];
  for (const item of data.items) {
    if (item.kind !== 'file') continue;
    if (item.webkitGetAsEntry?.()?.isDirectory) folders = true;
    else {
      const file = item.getAsFile();
      if (file) files.push(file);
    }
  }
  return { files, folders };
}
