import { InputStream, OutputStream, Status, type Client, type Object as RemoteObject } from '@glokon/guacamole-common-js';
import { describe, expect, it } from 'vitest';
import { crumbs, FOLDER, freeName, join, readIndex } from './entries';
import { FileSystem, type Sink } from './filesystem';
import { problemOf } from './problems';

const watch = () => ({ progress: () => {}, signal: new AbortController().signal });
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

/** The engine's side of one object, scripted by the test. */
class Remote {
  acks: [stream: number, code: number][] = [];
  blobs: string[] = [];
  said: string[] = [];
  readonly files: FileSystem;
  output: OutputStream | null = null;
  #client: Client;
  #object: RemoteObject;

  constructor() {
    this.#client = {
      sendAck: (stream: number, _: string, code: number) => this.acks.push([stream, code]),
      sendBlob: (_: number, data: string) => this.blobs.push(data),
    } as unknown as Client;
    this.#object = {
      index: 0,
      onbody: null,
      createOutputStream: () => (this.output = new OutputStream(this.#client, 7)),
    } as unknown as RemoteObject;
    this.files = new FileSystem(this.#object, 'home', undefined, (...elements) => this.said.push(elements.join()));
  }

  body(name: string, mimetype: string): InputStream {
    const stream = new InputStream(this.#client, 3);
    (this.#object.onbody as unknown as (...args: unknown[]) => void)(stream, mimetype, name);
    return stream;
  }
}

function memory(): Sink & { bytes: number[]; state: string } {
  const sink = {
    bytes: [] as number[],
    state: 'open',
    write: (bytes: Uint8Array) => Promise.resolve(void sink.bytes.push(...bytes)),
    close: () => Promise.resolve(void (sink.state = 'closed')),
    abort: () => Promise.resolve(void (sink.state = 'aborted')),
  };
  return sink;
}

describe('folders', () => {
  it('are listed in order, with what the engine tells of each', () => {
    const index = { '/d/b10.txt': 'text/plain', '/d/b9.txt': { type: 'file', size: 12, modified: 1000 }, '/d/z': FOLDER, '/d/y': { type: 'folder' } };
    const entries = readIndex(JSON.stringify(index));
    expect(entries.map((entry) => [entry.name, entry.folder, entry.size])).toEqual([['y', true, null], ['z', true, null], ['b9.txt', false, 12], ['b10.txt', false, null]]);
    expect(entries[2]?.modified).toEqual(new Date(1000));
  });

  it('have paths', () => {
    expect([join('/', 'a'), join('/a/', 'b')]).toEqual(['/a', '/a/b']);
    expect(crumbs('/var/log').map((step) => step.path)).toEqual(['/var', '/var/log']);
    expect(freeName('a.tar', new Set(['a.tar', 'a (2).tar']))).toBe('a (3).tar');
    expect(freeName('.profile', new Set(['.profile']))).toBe('.profile (2)');
  });

  it('say so when they are none', async () => {
    const remote = new Remote();
    const listing = remote.files.list('/x', watch().signal);
    remote.body('/x', 'text/plain');
    await expect(listing).rejects.toThrow('This is not a folder.');
    expect(remote.acks).toEqual([[3, 0x206]]);
  });
});

describe('downloads', () => {
  it('acknowledge each part once it is written, and end in order', async () => {
    const remote = new Remote();
    const sink = memory();
    const done = remote.files.download('/a', () => Promise.resolve(sink), watch());
    const stream = remote.body('/a', 'application/octet-stream');
    await settle();
    stream.onblob?.(btoa('one '));
    stream.onblob?.(btoa('two'));
    await settle();
    stream.onend?.();
    await done;
    expect(String.fromCharCode(...sink.bytes)).toBe('one two');
    expect(sink.state).toBe('closed');
    expect(remote.acks.map(([, code]) => code)).toEqual([0, 0, 0]);
  });

  it('fail with the engine’s words, before and in the midst of them', async () => {
    const remote = new Remote();
    const none = remote.files.download('/a', () => Promise.resolve(memory()), watch());
    remote.files.fault('/a', 'There is no such file.', 0x204);
    await expect(none).rejects.toThrow('There is no such file.');
    const sink = memory();
    const half = remote.files.download('/a', () => Promise.resolve(sink), watch());
    const stream = remote.body('/a', 'application/octet-stream');
    await settle();
    stream.onblob?.(btoa('one'));
    remote.files.fault('/a', 'The remote side closed the file.', 0x206);
    stream.onend?.();
    await expect(half).rejects.toThrow('closed the file');
    expect(sink.state).toBe('aborted');
  });

  it('are cancelled on both sides', async () => {
    const remote = new Remote();
    const sink = memory();
    const abort = new AbortController();
    const done = remote.files.download('/a', () => Promise.resolve(sink), { progress: () => {}, signal: abort.signal });
    const stream = remote.body('/a', 'application/octet-stream');
    await settle();
    stream.onblob?.(btoa('one'));
    abort.abort(new Error('cancelled'));
    await expect(done).rejects.toThrow('cancelled');
    expect(sink.state).toBe('aborted');
    expect(remote.acks.at(-1)).toEqual([3, 0x206]);
  });
});

describe('uploads', () => {
  it('keep a window of parts on their way, and end when all have arrived', async () => {
    const remote = new Remote();
    const content = new Uint8Array(6048 * 40 + 5).map((_, i) => i % 251);
    let told = 0;
    const done = remote.files.upload(new File([content], 'a'), '/a', { progress: (bytes) => (told = bytes), signal: watch().signal });
    const ok = () => remote.output?.onack?.(new Status(0, 'OK'));
    await settle();
    expect(remote.blobs).toEqual([]);
    ok();
    await settle();
    expect(remote.blobs.length).toBe(24);
    for (let i = 0; i < 41; i += 1) {
      ok();
      await settle();
    }
    expect(told).toBe(content.length);
    expect(remote.said).toEqual(['end,7']);
    ok();
    await done;
    const sent = remote.blobs.map(atob).join('');
    expect(sent.length).toBe(content.length);
    expect(content.every((byte, i) => sent.charCodeAt(i) === byte)).toBe(true);
  });

  it('of nothing are uploads too', async () => {
    const remote = new Remote();
    const done = remote.files.upload(new File([], 'a'), '/a', watch());
    remote.output?.onack?.(new Status(0, 'OK'));
    expect(remote.said).toEqual(['end,7']);
    remote.output?.onack?.(new Status(0, 'OK'));
    await done;
  });

  it('fail in words', async () => {
    const remote = new Remote();
    const done = remote.files.upload(new File(['x'], 'a'), '/a', watch());
    remote.output?.onack?.(new Status(0x303, 'FORBIDDEN'));
    await expect(done).rejects.toThrow('no permission');
    expect(problemOf(0x205, 'Uploads are switched off for this session.').message).toBe('Uploads are switched off for this session.');
    expect(problemOf(0x999, 'E7').message).toContain('E7');
  });
});
