import type { Sink } from './filesystem';

const FOLDER = 'downloads';
/** So long a finished download is kept for the browser to copy it. */
const KEPT_MS = 10 * 60_000;

function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}

/** In memory: for browsers and addresses without a private file system. */
function memorySink(name: string): Sink {
  const parts: Blob[] = [];
  return {
    write: (bytes) => Promise.resolve(void parts.push(new Blob([bytes]))),
    close: () => Promise.resolve(save(new Blob(parts), name)),
    abort: () => Promise.resolve(void (parts.length = 0)),
  };
}

async function fileSink(folder: FileSystemDirectoryHandle, name: string): Promise<Sink> {
  const own = crypto.randomUUID();
  const handle = await folder.getFileHandle(own, { create: true });
  const writer = await handle.createWritable();
  const remove = (): Promise<void> => folder.removeEntry(own).catch(() => {});
  return {
    write: (bytes) => writer.write(bytes),
    close: async () => {
      await writer.close();
      save(await handle.getFile(), name);
      setTimeout(() => void remove(), KEPT_MS);
    },
    abort: () => writer.abort().catch(() => {}).then(remove),
  };
}

/** What windows that were closed too early left behind. */
async function sweep(folder: FileSystemDirectoryHandle): Promise<void> {
  for await (const handle of folder.values()) {
    if (!(handle instanceof FileSystemFileHandle)) continue;
    const age = Date.now() - (await handle.getFile()).lastModified;
    if (age > 6 * KEPT_MS) await folder.removeEntry(handle.name).catch(() => {});
  }
}

/** A download that grows on this computer's disk and ends among its downloads. */
export async function diskSink(name: string): Promise<Sink> {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    void sweep(folder).catch(() => {});
    return await fileSink(folder, name);
  } catch {
    return memorySink(name);
  }
}
