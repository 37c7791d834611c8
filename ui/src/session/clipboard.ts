import type { Client } from '@glokon/guacamole-common-js';
import { preferences } from '../lib/preferences.svelte';
import { EVERYTHING, type Permits } from './permits';
import { readText, sendText } from './text-streams';

/** Longest time that a paste key waits for the clipboard's text: the browser may ask the person first. */
const PASTE_WAIT_MS = 5000;
/** Text that the remote side copies so soon after a click was selected by that click. */
const SELECTED_WITHIN_MS = 1500;

/** Both directions of a session's clipboard, as far as the browser allows. */
export class Clipboard {
  /** Text that the remote side copied. */
  onremote: (text: string) => void = () => {};
  /** Asks whether a text may be pasted; the paste key waits for the answer. */
  allow: (text: string) => Promise<boolean> = () => Promise.resolve(true);
  /** What the session leaves this window to copy and paste. */
  permits: Permits = EVERYTHING;
  #client: Client | null = null;
  #sent: string | null = null;
  #pasted: ((text: string) => void) | null = null;
  #lastClick = Number.NEGATIVE_INFINITY;
  #selected = '';

  attach(client: Client): void {
    this.#client = client;
    this.#sent = null;
    client.onclipboard = (stream, mimetype) => {
      if (mimetype.startsWith('text/')) readText(stream, (text) => this.#received(text));
    };
  }

  /** Whether the browser lets pages read the clipboard at all. */
  get readable(): boolean {
    return typeof navigator.clipboard?.readText === 'function';
  }

  /** A click on the screen: what comes right after it was selected. */
  clicked(): void {
    this.#lastClick = performance.now();
  }

  #received(text: string): void {
    this.#sent = text;
    this.#selected = text;
    this.onremote(text);
    const selected = performance.now() - this.#lastClick < SELECTED_WITHIN_MS;
    if (preferences.clipboard && (preferences.copyOnSelect || !selected)) void this.copy(text);
  }

  /** Copies what was selected last: the way where selecting does not copy. */
  copySelected(): void {
    if (this.#selected !== '') void this.copy(this.#selected);
  }

  /** Puts text into this computer's clipboard; `false` where the browser refuses. */
  copy(text: string): Promise<boolean> {
    if (!navigator.clipboard) return Promise.resolve(false);
    return navigator.clipboard.writeText(text).then(() => true, () => false);
  }

  /** Offers text to the remote side, unless it has it already. */
  send(text: string): void {
    if (!this.#client || !this.permits.paste || text === '' || text === this.#sent) return;
    this.#sent = text;
    sendText(this.#client.createClipboardStream('text/plain'), text);
  }

  /** Brings the clipboard along when the window gets the focus, where that asks nothing. */
  async bring(): Promise<void> {
    if (!preferences.clipboard || !this.readable || !this.permits.paste) return;
    const permission = await navigator.permissions?.query({ name: 'clipboard-read' as PermissionName }).catch(() => null);
    if (permission?.state === 'granted') this.send((await this.#read()) ?? '');
  }

  #read(): Promise<string | null> {
    return navigator.clipboard.readText().catch(() => null);
  }

  /** The next paste event's text: the way where the clipboard cannot be read. */
  #awaitPaste(): Promise<string | null> {
    return new Promise((resolve) => (this.#pasted = resolve));
  }

  /** Brings the clipboard along before a paste key. Whether the key may follow. */
  async beforePaste(): Promise<boolean> {
    if (!this.permits.paste) return true;
    const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PASTE_WAIT_MS));
    const own = preferences.clipboard ? await Promise.race([this.readable ? this.#read() : this.#awaitPaste(), late]) : null;
    this.#pasted = null;
    const text = own ?? this.#sent ?? '';
    if (text !== '' && !(await this.allow(text))) return false;
    this.send(text);
    return true;
  }

  /** A paste event of the browser. */
  paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    event.preventDefault();
    if (this.#pasted) this.#pasted(text);
    else this.send(text);
  }
}
