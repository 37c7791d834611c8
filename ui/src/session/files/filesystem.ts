import type { InputStream, Object as RemoteObject, OutputStream, Status } from '@glokon/guacamole-common-js';
import { t } from '../../strings';
import { FOLDER, LISTING, readIndex, type Entry } from './entries';
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

/**
 * Sends a file into a stream, a window of blobs ahead of what has been acknowledged. Both
 * engines acknowledge the opening, each blob, and the end, which tells that all is written.
 * `end` ends the stream without giving its number to another: late answers are its own.
 */
export function send(stream: OutputStream, file: Blob, end: () => void, { progress, signal }: Watch): Promise<void> {
  return new Promise((resolve, reject) => {
    let [read, sent, busy, over] = [0, 0, false, false];
    /** Answers so far; the first is for the opening. */
    let answers = 0;
    const blobs = Math.ceil(file.size / BLOB_BYTES);
    const patience = new Patience(SILENCE_MS, () => fail(problemOf(0x0202, '')));
    const cancel = (): void => {
      end();
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
      for (let room = WINDOW; !over && sent < blobs && room > 0; room = WINDOW - (sent - (answers - 1))) {
        const bytes = new Uint8Array(await file.slice(read, read + BLOB_BYTES * room).arrayBuffer());
        for (let i = 0; i < bytes.length && !over; i += BLOB_BYTES, sent += 1) stream.sendBlob(base64Of(bytes.subarray(i, i + BLOB_BYTES)));
        read += bytes.length;
      }
      busy = false;
    }
    stream.onack = (status) => {
      if (status.isError()) return fail(problemOf(status.code, status.message ?? ''));
      patience.again();
      answers += 1;
      progress(Math.min(file.size, (answers - 1) * BLOB_BYTES));
      if (answers <= blobs) fill().catch(() => (end(), fail(new FileProblem(t('files.fault.unreadable')))));
      else if (answers === blobs + 1) end();
      else {
        finish();
        resolve();
      }
    };
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel);
  });
}

/** Who waits for the body of a path, and who is reading it. */
interface Getter {
  body: (stream: InputStream, mimetype: string) => void;
  fail: (problem: unknown) => void;
}

/** Sends an instruction as it is: what the library has no words for. */
export type Say = (...elements: (string | number)[]) => void;

/** The files that a session offers beside its screen: a Guacamole object. */
export class FileSystem {
  readonly name: string;
  readonly mayDownload: boolean;
  readonly mayUpload: boolean;
  #say: Say;
  #object: RemoteObject;
  #waiting = new Map<string, Getter[]>();
  #reading = new Map<string, Set<(problem: unknown) => void>>();

  /** `rights`: which of `download` and `upload` are allowed; guacd does not tell. */
  constructor(object: RemoteObject, name: string, rights: string | undefined, say: Say) {
    this.name = name;
    this.mayDownload = rights?.includes('download') ?? true;
    this.mayUpload = rights?.includes('upload') ?? true;
    this.#say = say;
    this.#object = object;
    // The library hands the name over too; its types do not say so.
    object.onbody = ((stream: InputStream, mimetype: string, path: string) => this.#body(stream, mimetype, path)) as typeof object.onbody;
  }

  #body(stream: InputStream, mimetype: string, path: string): void {
    const next = this.#waiting.get(path)?.shift();
    if (next) next.body(stream, mimetype);
    else stream.sendAck('Not wanted any more', RESOURCE_CLOSED as Status.Code);
  }

  /** The engine says that a path cannot be had, or not to its end (`fault`). */
  fault(path: string, message: string, status: number): void {
    const problem = problemOf(status, message);
    const reading = this.#reading.get(path);
    if (reading && reading.size > 0) for (const fail of reading) fail(problem);
    else this.#waiting.get(path)?.shift()?.fail(problem);
  }

  #get(path: string, signal: AbortSignal): Promise<{ stream: InputStream; mimetype: string }> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(path) ?? [];
      this.#waiting.set(path, waiting);
      const stop = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', cancel);
        if (waiting.includes(getter)) waiting.splice(waiting.indexOf(getter), 1);
      };
      const fail = (problem: unknown): void => (stop(), reject(problem));
      const cancel = (): void => fail(signal.reason);
      const getter: Getter = { body: (stream, mimetype) => (stop(), resolve({ stream, mimetype })), fail };
      const timer = setTimeout(() => fail(new FileProblem(t('files.fault.silent'))), ANSWER_WITHIN_MS);
      signal.addEventListener('abort', cancel);
      waiting.push(getter);
      this.#say('get', this.#object.index, path, LISTING);
    });
  }

  /** Reads a body to its end, unless the engine says meanwhile that it fails. */
  async #read(path: string, stream: InputStream, sink: Sink, { progress, signal }: Watch): Promise<void> {
    const broken = new AbortController();
    const fail = (problem: unknown): void => broken.abort(problem);
    const reading = this.#reading.get(path) ?? new Set();
    this.#reading.set(path, reading.add(fail));
    try {
      await receive(stream, sink, { progress, signal: AbortSignal.any([signal, broken.signal]) });
    } finally {
      reading.delete(fail);
    }
  }

  /** What is in a folder. Throws a `FileProblem`. */
  async list(path: string, signal: AbortSignal): Promise<Entry[]> {
    const { stream, mimetype } = await this.#get(path, signal);
    if (mimetype !== FOLDER && mimetype !== LISTING) {
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
    await this.#read(path, stream, sink, { progress: () => {}, signal });
    try {
      return readIndex(json);
    } catch {
      throw new FileProblem(t('files.fault.index'));
    }
  }

  /** Fetches a file into the sink that `open` makes once there is something to fetch. */
  async download(path: string, open: () => Promise<Sink>, watch: Watch): Promise<void> {
    const { stream } = await this.#get(path, watch.signal);
    await this.#read(path, stream, await open(), watch);
  }

  upload(file: File, path: string, watch: Watch): Promise<void> {
    const stream = this.#object.createOutputStream('application/octet-stream', path);
    return send(stream, file, () => this.#say('end', stream.index), watch);
  }
}
