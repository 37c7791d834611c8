import { Client, Tunnel } from '@glokon/guacamole-common-js';
import { recordings } from '../../api/recordings';
import { messageOf } from '../../api/errors';
import type { RecordingIndex } from '../../api/types';
import { countUntil, framesOf, segmentAt, type Frame } from './frames';

/** Segments that are kept at hand. */
const KEPT = 4;
/** Longer stretches without a change are left out, where that is wished. */
const PAUSE_MS = 2000;
/** What is seen of a pause that is left out. */
const BREATH_MS = 400;
/** How often a recording that is still being made is looked at for more. */
const GROWS_MS = 2000;

/** What a client draws from when nobody sends: the page hands it the instructions. */
class Script extends Tunnel {
  override sendMessage = (): void => {};
  override connect = (): void => this.setState(Tunnel.State.OPEN);
  override disconnect = (): void => this.setState(Tunnel.State.CLOSED);

  say(opcode: string, args: string[]): void {
    this.oninstruction?.(opcode, args);
  }
}

/** Plays one recording: draws the picture of a moment, and those that follow. */
export class Playback {
  state = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state('');
  index = $state.raw<RecordingIndex | null>(null);
  /** The moment that is shown, milliseconds since the start. */
  at = $state(0);
  playing = $state(false);
  speed = $state(1);
  skip = $state(false);
  /** Whether the picture of the moment is not there yet. */
  seeking = $state(false);
  /** How long the last seek took, milliseconds. */
  tookMs = $state(0);
  /** Called with the client that shows the picture from now on. */
  onclient: (client: Client) => void = () => {};
  /** Called when the picture has another size. */
  onsize: () => void = () => {};
  readonly #name: string;
  #client: Client | null = null;
  #script: Script | null = null;
  #segment = 0;
  #frames: Frame[] = [];
  #shown = 0;
  #kept = new Map<number, Promise<Frame[]>>();
  #seek = 0;
  #last = 0;
  #request = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #turning = false;

  constructor(name: string) {
    this.#name = name;
  }

  get duration(): number {
    return this.index?.duration_ms ?? 0;
  }

  /** Loads the index and shows `at`; `grows` for a recording that is still being made. */
  async start(at: number, grows: boolean): Promise<void> {
    try {
      this.index = await recordings.index(this.#name);
      this.state = 'ready';
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (grows) this.#timer = setInterval(() => void this.#grow(), GROWS_MS);
    await this.seek(at);
  }

  /** Ends it for good. */
  stop(): void {
    cancelAnimationFrame(this.#request);
    clearInterval(this.#timer);
    this.#seek += 1;
    this.playing = false;
    this.#client?.disconnect();
  }

  play(): void {
    if (this.playing || this.state !== 'ready') return;
    this.playing = true;
    this.#last = performance.now();
    const begin = this.at >= this.duration ? this.seek(0) : Promise.resolve();
    void begin.then(() => this.#tick());
  }

  pause(): void {
    this.playing = false;
    cancelAnimationFrame(this.#request);
  }

  /** Shows another moment. */
  async seek(to: number): Promise<void> {
    if (!this.index || this.index.segments.length === 0) return;
    const turn = (this.#seek += 1);
    const begun = performance.now();
    this.at = Math.max(0, Math.min(to, this.duration));
    this.seeking = true;
    try {
      const segment = segmentAt(this.index.segments, this.at);
      const frames = await this.#load(segment);
      if (turn !== this.#seek) return;
      await this.#draw(segment, frames);
      if (turn !== this.#seek) return;
      this.seeking = false;
      this.tookMs = performance.now() - begun;
      this.#last = performance.now();
    } catch (error) {
      if (turn === this.#seek) this.#fail(error);
    }
  }

  /** Draws the picture of the moment with a client that has seen nothing, and shows it when it is whole. */
  #draw(segment: number, frames: Frame[]): Promise<void> {
    const script = new Script();
    const client = new Client(script);
    client.connect('');
    client.getDisplay().onresize = () => this.onsize();
    const until = Math.max(1, countUntil(frames, this.at));
    for (const frame of frames.slice(0, until)) for (const [opcode, args] of frame.instructions) script.say(opcode, args);
    [this.#segment, this.#frames, this.#shown] = [segment, frames, until];
    return new Promise((resolve) => {
      client.getDisplay().flush(() => {
        const old = this.#client;
        [this.#client, this.#script] = [client, script];
        this.onclient(client);
        old?.disconnect();
        resolve();
      });
    });
  }

  #load(segment: number): Promise<Frame[]> {
    const kept = this.#kept.get(segment);
    if (kept) return kept;
    const { segments = [], size_bytes = 0, started_ms = 0 } = this.index ?? {};
    const from = segments[segment]?.offset ?? 0;
    const until = segments[segment + 1]?.offset ?? size_bytes;
    const loading = recordings.part(this.#name, from, until).then((text) => framesOf(text, started_ms));
    this.#kept.set(segment, loading);
    loading.catch(() => this.#kept.delete(segment));
    for (const old of [...this.#kept.keys()].slice(0, -KEPT)) this.#kept.delete(old);
    return loading;
  }

  #tick(): void {
    if (!this.playing) return;
    const now = performance.now();
    if (!this.seeking && !this.#turning) {
      this.at = Math.min(this.duration, this.at + (now - this.#last) * this.speed);
      if (this.skip) this.#leaveOutPause();
      this.#advance();
    }
    this.#last = now;
    if (this.at >= this.duration && this.#segment >= (this.index?.segments.length ?? 0) - 1) {
      this.playing = false;
      return;
    }
    this.#request = requestAnimationFrame(() => this.#tick());
  }

  #leaveOutPause(): void {
    const next = this.#frames[this.#shown]?.at ?? this.index?.segments[this.#segment + 1]?.time_ms ?? this.duration;
    if (next - this.at > PAUSE_MS) this.at = next - BREATH_MS;
  }

  /** Draws what has happened until now. */
  #advance(): void {
    const until = countUntil(this.#frames, this.at);
    for (const frame of this.#frames.slice(this.#shown, until)) {
      for (const [opcode, args] of frame.instructions) this.#script?.say(opcode, args);
    }
    if (until > this.#shown) this.#client?.getDisplay().flush(() => {});
    this.#shown = Math.max(until, this.#shown);
    const { segments = [] } = this.index ?? {};
    const next = segments[this.#segment + 1];
    if (!next) return;
    const ahead = this.#load(this.#segment + 1);
    if (next.time_ms <= this.at && this.#shown >= this.#frames.length) void this.#turn(ahead);
  }

  /** Goes on in the next segment; its key frame is drawn over what is there. */
  async #turn(ahead: Promise<Frame[]>): Promise<void> {
    const turn = this.#seek;
    this.#turning = true;
    try {
      const frames = await ahead;
      if (turn === this.#seek) [this.#segment, this.#frames, this.#shown] = [this.#segment + 1, frames, 0];
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#turning = false;
    }
  }

  /** Looks for what has been recorded meanwhile. */
  async #grow(): Promise<void> {
    try {
      const index = await recordings.index(this.#name);
      if (index.size_bytes === this.index?.size_bytes) return;
      // The last segment has become longer.
      this.#kept.delete((this.index?.segments.length ?? 1) - 1);
      const last = this.#segment === (this.index?.segments.length ?? 1) - 1;
      this.index = index;
      if (last) this.#frames = await this.#load(this.#segment);
    } catch {
      // The next look may do better; what is there plays on.
    }
  }

  #fail(error: unknown): void {
    this.pause();
    this.seeking = false;
    this.problem = messageOf(error);
    this.state = 'failed';
  }
}
