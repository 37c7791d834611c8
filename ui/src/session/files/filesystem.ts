import type { Client, InputStream, Object as RemoteObject, OutputStream, Status } from '@glokon/guacamole-common-js';
import { t } from '../../strings';
import { FOLDER, readIndex, type Entry } from './entries';
import { FileProblem, problemOf } from './problems';

/** guacd says nothing at all of a file that is not there. */
const ANSWER_WITHIN_MS = 15_000;
/** Longest silence within a transfer. */
const SILENCE_MS = 60_000;
/** Bytes of one `blob`: with its base64, within guacd's longest instruction. */
const BLOB_BYTES = 6048;
/** Blobs that may be on their way at once. */
const WINDOW = 24;
const OK = 0;
const RESOURCE_CLOSED = 0x0206;

/** Where the bytes of a download go. */
export interface Sink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** All of it is there. */
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** `progress` is told the bytes so far; `signal` cancels. */
export interface Watch {
  progress: (bytes: number) => void;
  signal: AbortSignal;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Calls `late` when it was not called again within `limit` ms. */
class Patience {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly limit: number, private readonly late: () => void) {
    this.again();
  }

  again(): void {
    this.stop();
    this.#timer = setTimeout(this.late, this.limit);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Reads a stream into a sink, and acknowledges what has been written, no sooner. */
export function receive(stream: InputStream, sink: Sink, { progress, signal }: Watch): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0;
    let over = false;
    let writing: Promise<void> = Promise.resolve();
    const fail = (problem: unknown): void => {
      if (over) return;
      finish();
      stream.sendAck('Cancelled', RESOURCE_CLOSED as Status.Code);
      void sink.abort().finally(() => reject(problem));
    };
    const patience = new Patience(SILENCE_MS, () => fail(problemOf(0x0202, '')));
    const cancel = (): void => fail(signal.reason);
    function finish(): void {
      over = true;
      patience.stop();
      signal.removeEventListener('abort', cancel);
      stream.onblob = stream.onend = null;
    }
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel);
    stream.onblob = (data) => {
      patience.again();
      const bytes = bytesOf(data);
      writing = writing.then(() => sink.write(bytes)).then(() => {
        received += bytes.length;
        progress(received);
        if (!over) stream.sendAck('OK', OK as Status.Code);
      });
      writing.catch(fail);
    };
    stream.onend = () => {
      finish();
      writing.then(() => sink.close()).then(resolve, reject);
    };
    stream.sendAck('OK', OK as Status.Code);
  });
}

/** Sends a file into a stream, a window of blobs ahead of what has been acknowledged. */
export function send(stream: OutputStream, file: Blob, { progress, signal }: Watch): Promise<void> {
  return new Promise((resolve, reject) => {
    let [read, sent, acknowledged, busy, over] = [0, 0, 0, false, false];
    const patience = new Patience(SILENCE_MS, () => fail(problemOf(0x0202, '')));
    const cancel = (): void => {
      stream.sendEnd();
      fail(signal.reason);
    };
    function finish(): void {
      over = true;
      patience.stop();
      signal.removeEventListener('abort', cancel);
      stream.onack = null;
    }
    function fail(problem: unknown): void {
      finish();
      reject(problem);
    }
    async function fill(): Promise<void> {
      if (busy || over) return;
      busy = true;
      while (!over && read < file.size && sent - acknowledged < WINDOW) {
        const part = file.slice(read, read + BLOB_BYTES * (WINDOW - (sent - acknowledged)));
        const bytes = new Uint8Array(await part.arrayBuffer());
        for (let i = 0; i < bytes.length && !over; i += BLOB_BYTES, sent += 1) stream.sendBlob(base64Of(bytes.subarray(i, i + BLOB_BYTES)));
        read += bytes.length;
      }
      busy = false;
    }
    const go = (): void => void fill().catch(() => fail(new FileProblem(t('files.fault.unreadable'))));
    let opened = false;
    stream.onack = (status) => {
      patience.again();
      if (status.isError()) return fail(problemOf(status.code, status.message ?? ''));
      if (opened) acknowledged += 1;
      opened = true;
      progress(Math.min(file.size, acknowledged * BLOB_BYTES));
      if (acknowledged * BLOB_BYTES < file.size) return go();
      stream.sendEnd();
      finish();
      resolve();
    };
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel);
  });
}

type Waiting = (stream: InputStream | null, mimetype: string) => void;

/** The files that a session offers beside its screen: a Guacamole object. */
export class FileSystem {
  readonly name: string;
  #client: Client;
  #object: RemoteObject;
  #waiting = new Map<string, Waiting[]>();

  constructor(client: Client, object: RemoteObject, name: string) {
    this.name = name;
    this.#client = client;
    this.#object = object;
    // The library hands the name over too; its types do not say so.
    object.onbody = ((stream: InputStream, mimetype: string, path: string) => this.#body(stream, mimetype, path)) as typeof object.onbody;
  }

  #body(stream: InputStream, mimetype: string, path: string): void {
    const next = this.#waiting.get(path)?.shift();
    if (next) next(stream, mimetype);
    else stream.sendAck('Not wanted any more', RESOURCE_CLOSED as Status.Code);
  }

  #get(path: string, signal?: AbortSignal): Promise<{ stream: InputStream; mimetype: string }> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(path) ?? [];
      this.#waiting.set(path, waiting);
      const give = (reason: unknown): void => {
        clearTimeout(timer);
        waiting.splice(waiting.indexOf(next), 1);
        reject(reason);
      };
      const next: Waiting = (stream, mimetype) => {
        clearTimeout(timer);
        if (stream) resolve({ stream, mimetype });
      };
      const timer = setTimeout(() => give(new FileProblem(t('files.fault.silent'))), ANSWER_WITHIN_MS);
      waiting.push(next);
      signal?.addEventListener('abort', () => give(signal.reason), { once: true });
      this.#client.requestObjectInputStream(this.#object.index, path);
    });
  }

  /** What is in a folder. Throws a `FileProblem`. */
  async list(path: string, signal: AbortSignal): Promise<Entry[]> {
    const { stream, mimetype } = await this.#get(path, signal);
    if (mimetype !== FOLDER) {
      stream.sendAck('Not a folder', RESOURCE_CLOSED as Status.Code);
      throw new FileProblem(t('files.fault.nofolder'));
    }
    const decoder = new TextDecoder();
    let json = '';
    const sink = {
      write: (bytes: Uint8Array) => Promise.resolve(void (json += decoder.decode(bytes, { stream: true }))),
      close: () => Promise.resolve(),
      abort: () => Promise.resolve(),
    };
    await receive(stream, sink, { progress: () => {}, signal });
    try {
      return readIndex(json);
    } catch {
      throw new FileProblem(t('files.fault.index'));
    }
  }

  /** Fetches a file into the sink that `open` makes once there is something to fetch. */
  async download(path: string, open: () => Promise<Sink>, watch: Watch): Promise<void> {
    const { stream } = await this.#get(path, watch.signal);
    await receive(stream, await open(), watch);
  }

  upload(file: File, path: string, watch: Watch): Promise<void> {
    return send(this.#object.createOutputStream('application/octet-stream', path), file, watch);
  }
}
