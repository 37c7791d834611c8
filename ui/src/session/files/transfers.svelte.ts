import type { InputStream } from '@glokon/guacamole-common-js';
import { t } from '../../strings';
import { diskSink } from './disk';
import { join, type Entry } from './entries';
import { receive, type FileSystem, type Watch } from './filesystem';

export type TransferState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** Several at once only share the same way, and mix their progress. */
const AT_ONCE = 2;

/** One file on its way. */
export class Transfer {
  readonly name: string;
  readonly direction: 'up' | 'down';
  readonly total: number | null;
  /** Uploads: the folder that it goes to. */
  readonly folder: string | null;
  state = $state<TransferState>('waiting');
  bytes = $state(0);
  problem = $state('');
  /** Bytes in a second, of late. */
  rate = $state(0);
  #abort = new AbortController();
  #run: (watch: Watch) => Promise<void>;
  #begun = 0;

  constructor(name: string, direction: 'up' | 'down', total: number | null, folder: string | null, run: (watch: Watch) => Promise<void>) {
    this.name = name;
    this.direction = direction;
    this.total = total;
    this.folder = folder;
    this.#run = run;
  }

  get over(): boolean {
    return this.state === 'done' || this.state === 'failed' || this.state === 'cancelled';
  }

  async start(): Promise<void> {
    this.state = 'running';
    this.#begun = performance.now();
    try {
      await this.#run({ progress: (bytes) => this.#progressed(bytes), signal: this.#abort.signal });
      this.bytes = this.total ?? this.bytes;
      this.state = 'done';
    } catch (error) {
      if (!this.over) this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  #progressed(bytes: number): void {
    this.bytes = bytes;
    const seconds = (performance.now() - this.#begun) / 1000;
    if (seconds > 0.5) this.rate = bytes / seconds;
  }

  fail(problem: string): void {
    this.state = 'failed';
    this.problem = problem;
    this.#abort.abort(new Error(problem));
  }

  cancel(): void {
    if (this.over) return;
    this.state = 'cancelled';
    this.#abort.abort(new Error('cancelled'));
  }
}

/** The files that this page is moving, and has moved. */
export class Transfers {
  list = $state.raw<readonly Transfer[]>([]);
  /** Called with the folder that got a new file. */
  onuploaded: (folder: string) => void = () => {};

  /** How many are not over yet. */
  get live(): number {
    return this.list.filter((transfer) => !transfer.over).length;
  }

  download(files: FileSystem, entry: Entry): void {
    this.#add(new Transfer(entry.name, 'down', entry.size, null, (watch) => files.download(entry.path, () => diskSink(entry.name), watch)));
  }

  upload(files: FileSystem, file: File, folder: string, name: string): void {
    this.#add(new Transfer(name, 'up', file.size, folder, (watch) => files.upload(file, join(folder, name), watch)));
  }

  /** A file that the remote side sends by itself. */
  receive(stream: InputStream, name: string): void {
    this.#add(new Transfer(name, 'down', null, null, async (watch) => receive(stream, await diskSink(name), watch)), true);
  }

  #add(transfer: Transfer, atOnce = false): void {
    this.list = [...this.list, transfer];
    if (atOnce) void this.#drive(transfer);
    else this.#next();
  }

  #next(): void {
    let running = this.list.filter((transfer) => transfer.state === 'running').length;
    for (const transfer of this.list) {
      if (running >= AT_ONCE) return;
      if (transfer.state !== 'waiting') continue;
      running += 1;
      void this.#drive(transfer);
    }
  }

  async #drive(transfer: Transfer): Promise<void> {
    await transfer.start();
    if (transfer.state === 'done' && transfer.folder !== null) this.onuploaded(transfer.folder);
    this.#next();
  }

  /** Forgets those that are over. */
  clear(): void {
    this.list = this.list.filter((transfer) => !transfer.over);
  }

  /** The connection that carried them is gone. */
  lost(): void {
    for (const transfer of this.list) if (!transfer.over) transfer.fail(t('files.fault.lost'));
  }
}
