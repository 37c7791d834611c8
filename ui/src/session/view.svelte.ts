import { Client, Tunnel } from '@glokon/guacamole-common-js';
import { api } from '../api/client';
import { ApiError, messageOf } from '../api/errors';
import type { Banner, Session } from '../api/types';
import { isLive, labelOfDriver, nameOf } from '../lib/catalog.svelte';
import { notices } from '../lib/notices.svelte';
import { router } from '../lib/router.svelte';
import { climb, fallOff, type Rung } from '../lib/steps';
import { t } from '../strings';
import { isOrderly } from './advice';
import { Arguments } from './arguments';
import { delayBefore, isFinal, PATIENCE_MS } from './backoff';
import { Clipboard } from './clipboard';
import type { SessionState } from './favicon';
import { FileSystem } from './files/filesystem';
import { Transfers } from './files/transfers.svelte';
import type { Input } from './input';
import { changes, myself, NOBODY, readPeople, type People } from './people';
import { EVERYTHING, readPermits, type Permits } from './permits';
import { Picture } from './picture.svelte';
import { Sound } from './sound.svelte';
import { TerminalControls } from './terminal.svelte';
import { sendText } from './text-streams';
import { GatewayTunnel, type Farewell } from './tunnel';
import type { Size } from './viewport';

/** So many sockets may fail to open before the page says that it is not let in. */
const REFUSALS = 3;

/** How a session ended, or failed to begin. */
export interface Ending {
  /** Nothing to mend: somebody or something ended it in order. */
  orderly: boolean;
  /** One sentence; empty where only the time is known. */
  message: string;
  /** Guacamole status; `null` where none was given. */
  status: number | null;
  at: Date;
  /** Whether a new session can be made from this one. */
  again: boolean;
}

/** One session in this window: its tunnel, its picture, and what is to be said about it. */
export class SessionView {
  state = $state<SessionState>('connecting');
  info = $state.raw<Session | null>(null);
  ladder = $state.raw<Rung[]>([]);
  reached = $state(false);
  /** What its owner reads first; `null` where nothing waits for that. */
  banner = $state.raw<Banner | null>(null);
  ending = $state.raw<Ending | null>(null);
  title = $state('');
  /** Seconds since the network was lost. */
  lostFor = $state(0);
  unsteady = $state(false);
  latency = $state<number | null>(null);
  frames = $state(0);
  /** Whether the session is recorded; `failed` where it was, and cannot be any more. */
  recording = $state<'on' | 'failed' | null>(null);
  /** What the target asks for beyond what the request held. */
  required = $state.raw<string[]>([]);
  /** Whether the target asks again for what it was given. */
  refused = $state(false);
  permits = $state.raw<Permits>(EVERYTHING);
  remoteClipboard = $state('');
  rings = $state(0);
  connectedAt = $state.raw<Date | null>(null);
  /** Who is here. */
  people = $state.raw<People>(NOBODY);

  /** Whether it has the keyboard of the window, and so may take the focus by itself. */
  active = true;
  /** Whether it is in view; while it is not, the remote screen keeps its size. */
  visible = true;

  /** Files beside the screen; `null` where this session offers none. */
  files = $state.raw<FileSystem | null>(null);

  /** What will end the session, and when (milliseconds). */
  ends = $state.raw<{ by: string; at: number } | null>(null);

  readonly picture = new Picture();
  readonly sound = new Sound();
  readonly clipboard = new Clipboard();
  readonly transfers = new Transfers();
  readonly #arguments = new Arguments();
  readonly terminal = new TerminalControls(this.#arguments);
  input: Input | null = null;
  readonly id: string;
  #key: string | null;
  #watches: boolean;
  #client: Client | null = null;
  #tell: ((...elements: unknown[]) => void) | null = null;
  #failure: { message: string; status: number } | null = null;
  #farewell = false;
  /** What may be done with files, told just before they are offered. */
  #rights: string | undefined;
  /** What this way to the target was asked for and given. */
  #given = new Set<string>();
  #leaving = false;
  #disposed = false;
  #lostAt = 0;
  #tries = 0;
  /** Whether the gateway does not know who this is. */
  #stranger = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #drawn = 0;

  constructor(id: string, key: string | null, watches = false) {
    this.id = id;
    this.#key = key;
    this.#watches = watches;
    this.clipboard.onremote = (text) => (this.remoteClipboard = text);
    this.picture.onwish = (size) => this.#resize(size);
    this.picture.onscale = () => this.input?.recursor();
  }

  /** Whether this window is a guest's: it came by a share, or watches. */
  get shared(): boolean {
    return this.#key !== null || this.#watches;
  }

  /** Whether what is typed here reaches the remote side. */
  get mayType(): boolean {
    return !this.shared || myself(this.people)?.mode === 'interact';
  }

  /** Whether this window may invite others and hand over control. */
  get mayShare(): boolean {
    return this.info?.viewers != null;
  }

  /** What people call it; empty until that is known. */
  get name(): string {
    return (this.info ? nameOf(this.info) : this.title) || '';
  }

  /** The protocol's name for people; empty until it is known. */
  get protocol(): string {
    return this.info ? labelOfDriver(this.info.session_type) : '';
  }

  get #mayRepeat(): boolean {
    return this.info?.own === true;
  }

  /** Starts in `box`; `input` sends what is typed there. */
  start(box: HTMLElement, input: Input): () => void {
    this.input = input;
    const close = this.picture.open(box);
    const second = setInterval(() => this.#tick(), 1000);
    const online = (): void => this.#tryAgain(0);
    window.addEventListener('online', online);
    void this.#begin();
    return () => {
      close();
      clearInterval(second);
      window.removeEventListener('online', online);
      this.#dispose();
    };
  }

  #dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#retry);
    this.#client?.disconnect();
    this.input?.dispose();
  }

  async #begin(): Promise<void> {
    try {
      await this.#learn();
    } catch (error) {
      // The cookie of an opening link is good for the socket alone.
      this.#stranger = error instanceof ApiError && error.status === 401;
      if (!this.#stranger) return this.#unknown(error);
    }
    if (this.info && !isLive(this.info)) return this.#over(this.info);
    this.banner = await this.#unread();
    if (this.banner === null) this.#connect();
  }

  /** The banner that waits to be read. A browser that came by an opening link knows of one only by asking. */
  async #unread(): Promise<Banner | null> {
    const may = this.#stranger || (this.info?.status === 'pending' && Boolean(this.info.banner));
    if (this.shared || !may) return null;
    const banner = await api.banner(this.id).catch(() => null);
    return banner?.waits ? banner : null;
  }

  /** The banner was read: now the session may start. */
  proceed(): void {
    this.title ||= this.banner?.name ?? '';
    this.banner = null;
    this.#connect();
  }

  /** The banner was read, and the session is not to start. */
  async cancel(): Promise<void> {
    this.banner = null;
    await api.end(this.id).catch(() => {});
    this.#end({ orderly: true, message: t('banner.cancelled'), status: null, at: new Date(), again: this.#mayRepeat });
  }

  #unknown(error: unknown): void {
    const gone = error instanceof ApiError && error.status === 404;
    const message = gone ? t(this.shared ? 'session.gone.share' : 'session.gone') : messageOf(error);
    this.#end({ orderly: gone, message, status: null, at: new Date(), again: false });
  }

  async #learn(): Promise<void> {
    if (this.#key === null) this.info = await api.session(this.id);
  }

  #query(): string {
    const size = this.picture.ask();
    const query = new URLSearchParams({
      width: String(size.width),
      height: String(size.height),
      dpi: String(Math.round(96 * (window.devicePixelRatio || 1))),
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
    if (this.#key !== null) query.set('key', this.#key);
    if (this.#watches) query.set('watch', 'true');
    return query.toString();
  }

  #connect(): void {
    if (this.#disposed) return;
    const tunnel = new GatewayTunnel(this.id);
    const client = new Client(tunnel);
    this.#client = client;
    this.#tell = tunnel.sendMessage;
    this.#failure = null;
    this.#farewell = false;
    this.#given.clear();
    const draw = tunnel.oninstruction;
    tunnel.oninstruction = (opcode, args) => {
      if (!this.#understands(opcode, args)) draw?.(opcode, args);
    };
    tunnel.onlatency = (milliseconds) => (this.latency = milliseconds);
    tunnel.onstatechange = (state) => this.#tunnelIs(state);
    tunnel.onclose = (farewell) => client === this.#client && this.#closed(farewell);
    client.onname = (name) => (this.title = name);
    client.onrequired = (names) => this.#asks(names);
    client.onsync = () => this.#synced(client);
    client.getDisplay().onresize = () => this.picture.scale();
    client.onfilesystem = (object, name) => {
      this.files = new FileSystem(object, name, this.#rights ?? this.#filesPermitted(), (...elements) => tunnel.sendMessage(...elements));
      object.onundefine = () => (this.files = null);
    };
    client.onfile = (stream, _mimetype, name) => this.transfers.receive(stream, name);
    this.terminal.reset();
    this.#arguments.attach(client);
    this.clipboard.attach(client);
    this.sound.attach(client);
    this.input?.attach(client);
    client.connect(this.#query());
  }

  /** guacd does not tell with its files what may be done with them. */
  #filesPermitted(): string {
    return [this.permits.download && 'download', this.permits.upload && 'upload'].filter(Boolean).join(' ');
  }

  /** Handles what Fanlight says beyond guacd's vocabulary, and why a session ends. */
  #understands(opcode: string, args: string[]): boolean {
    this.reached = true;
    if (opcode === 'step') this.ladder = climb(this.ladder, args, Date.now());
    else if (opcode === 'permits') this.#permit(readPermits(args));
    else if (opcode === 'people') this.#meet(readPeople(args, this.people));
    else if (opcode === 'ends') this.ends = args[0] ? { by: args[0], at: Date.now() + Number(args[1]) * 1000 } : null;
    else if (opcode === 'mouse' && this.input?.points) return true;
    else if (opcode === 'recording') this.recording = args[0] === 'on' || args[0] === 'failed' ? args[0] : null;
    else if (opcode === 'bell') this.rings += 1;
    else if (opcode === 'fault') this.files?.fault(args[1] ?? '', args[2] ?? '', Number(args[3]));
    else if (opcode === 'notice') notices.say(args[0] ?? '', true);
    else {
      if (opcode === 'error') this.#failure = { message: args[0] ?? '', status: Number(args[1]) };
      if (opcode === 'disconnect') this.#farewell = true;
      if (opcode === 'filesystem') this.#rights = args[2];
      return false;
    }
    return true;
  }

  #permit(permits: Permits): void {
    this.permits = permits;
    this.picture.resizable = permits.resize && !this.shared;
    this.clipboard.permits = permits;
  }

  /** guacd asks for one thing after the other, and again for what was not accepted. */
  #asks(names: string[]): void {
    this.refused = names.some((name) => this.#given.has(name));
    this.required = names;
  }

  #meet(people: People): void {
    for (const said of changes(this.people, people)) notices.say(said);
    this.people = people;
  }

  #tunnelIs(state: Tunnel.State): void {
    this.unsteady = state === Tunnel.State.UNSTABLE;
  }

  #synced(client: Client): void {
    this.#drawn += 1;
    if (this.picture.shows(client)) return;
    this.picture.show(client);
    this.#tries = 0;
    this.#lostAt = 0;
    this.lostFor = 0;
    if (this.connectedAt === null && this.#mayRepeat) this.terminal.applyPreferences();
    this.connectedAt ??= new Date();
    this.state = 'connected';
    if (this.active) this.input?.focus();
    if (this.active) void this.clipboard.bring();
    if (this.info === null || this.info.status === 'pending') void this.#learn().catch(() => {});
  }

  #closed(farewell: Farewell): void {
    this.required = [];
    this.files = null;
    this.people = NOBODY;
    this.ends = null;
    this.transfers.lost();
    if (this.#disposed) return;
    if (this.#leaving) {
      return this.#end({ orderly: true, message: t('session.ended.self'), status: null, at: new Date(), again: this.#mayRepeat });
    }
    if (this.#failure) {
      const { message, status } = this.#failure;
      return this.#end({ orderly: isOrderly(status), message, status, at: new Date(), again: this.#mayRepeat });
    }
    if (this.#farewell || (farewell.opened && isFinal(farewell.code))) return void this.#askWhy();
    if (this.#lostAt === 0) this.#lostAt = Date.now();
    if (this.state === 'connected') this.state = 'reconnecting';
    this.#tryAgain(delayBefore(this.#tries));
  }

  #tryAgain(delay: number): void {
    if (this.#disposed || this.#lostAt === 0 || this.state === 'ended') return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#callAgain(), delay);
  }

  async #callAgain(): Promise<void> {
    if (this.state === 'connected' || this.#disposed) return;
    this.#tries += 1;
    if (Date.now() - this.#lostAt > PATIENCE_MS) return this.#giveUp();
    try {
      await this.#learn();
      if (this.info && !isLive(this.info)) return this.#over(this.info);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return this.#unknown(error);
      if (error instanceof ApiError && error.status === 0) return this.#tryAgain(delayBefore(this.#tries));
    }
    if (this.connectedAt === null && (this.#stranger || this.#tries > REFUSALS)) return this.#refused();
    this.#connect();
  }

  /** A socket that never opens gives no reason: say what it may be. */
  #refused(): void {
    if (this.#stranger) return router.go(`/login?next=${encodeURIComponent(location.pathname)}`, 'replace');
    const message = t(this.shared ? 'session.gone.share' : 'session.refused');
    this.#end({ orderly: false, message, status: null, at: new Date(), again: false });
  }

  #giveUp(): void {
    const message = t('session.ended.lost', { seconds: PATIENCE_MS / 1000 });
    this.#end({ orderly: false, message, status: null, at: new Date(), again: this.#mayRepeat });
  }

  /** The remote side or somebody ended it without a word: the gateway knows who. */
  async #askWhy(): Promise<void> {
    await this.#learn().catch(() => {});
    if (this.info && !isLive(this.info)) await this.#over(this.info);
    else this.#end({ orderly: true, message: t('session.ended.remote'), status: null, at: new Date(), again: this.#mayRepeat });
  }

  async #over(session: Session): Promise<void> {
    const at = session.ended_at ? new Date(session.ended_at) : new Date();
    if (session.status === 'error') this.ladder = await api.steps(this.id).catch(() => this.ladder);
    const orderly = session.status !== 'error';
    this.#end({ orderly, message: session.ended_because ?? '', status: null, at, again: session.can_reconnect });
  }

  #end(ending: Ending): void {
    clearTimeout(this.#retry);
    if (!ending.orderly) this.ladder = fallOff(this.ladder, Date.now());
    this.ending = ending;
    this.state = 'ended';
    this.unsteady = false;
    if (ending.again) void this.#checkAgain();
  }

  /** Whoever is signed out by now is not offered what only its owner may do. */
  async #checkAgain(): Promise<void> {
    await this.#learn().catch((error: unknown) => {
      const signedOut = error instanceof ApiError && error.status === 401;
      if (signedOut && this.ending) this.ending = { ...this.ending, again: false };
    });
  }

  #tick(): void {
    this.frames = this.#drawn;
    this.#drawn = 0;
    if (this.state === 'reconnecting') this.lostFor = Math.round((Date.now() - this.#lostAt) / 1000);
  }

  #resize(size: Size): void {
    if (this.state !== 'connected' || this.shared || !this.visible) return;
    this.picture.ask();
    this.#client?.sendSize(size.width, size.height);
  }

  /** Asks the gateway anew who is here. */
  async refresh(): Promise<void> {
    if (this.state === 'connected') await this.#learn().catch(() => {});
  }

  /** Answers what the target asked for beyond what the request held. */
  answer(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) {
      const stream = this.#client?.createArgumentValueStream('text/plain', name);
      if (stream) sendText(stream, value);
      this.#given.add(name);
    }
    this.required = [];
    this.input?.focus();
  }

  /** Says that somebody is here, though nothing is typed. */
  stay(): void {
    this.#tell?.('stay');
    this.input?.focus();
  }

  /** Ends the session; a share only leaves it. */
  async disconnect(): Promise<void> {
    this.#leaving = true;
    if (!this.shared) await api.end(this.id).catch(() => {});
    if (this.state === 'reconnecting') this.#closed({ code: 1000, reason: '', opened: true });
    else this.#client?.disconnect();
  }
}
