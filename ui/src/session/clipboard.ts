import type { Client } from '@glokon/guacamole-common-js';
import { preferences } from '../lib/preferences.svelte';
import { readText, sendText } from './text-streams';

/** Longest time that a paste key waits for the clipboard's text. */
const PASTE_WAIT_MS = 1000;

/** Both directions of a session's clipboard, as far as the browser allows. */
export class Clipboard {
  /** Text that the remote side copied. */
  onremote: (text: string) => void = () => {};
  #client: Client | null = null;
  #sent: string | null = null;
  #pasted: ((text: string) => void) | null = null;

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

  #received(text: string): void {
    this.#sent = text;
    this.onremote(text);
    if (preferences.clipboard) void this.copy(text);
  }

  /** Puts text into this computer's clipboard; `false` where the browser refuses. */
  copy(text: string): Promise<boolean> {
    if (!navigator.clipboard) return Promise.resolve(false);
    return navigator.clipboard.writeText(text).then(() => true, () => false);
  }

  /** Offers text to the remote side, unless it has it already. */
  send(text: string): void {
    if (!this.#client || text === '' || text === this.#sent) return;
    this.#sent = text;
    sendText(this.#client.createClipboardStream('text/plain'), text);
  }

  /** Brings the clipboard along when the window gets the focus, where that asks nothing. */
  async bring(): Promise<void> {
    if (!preferences.clipboard || !this.readable) return;
    const permission = await navigator.permissions?.query({ name: 'clipboard-read' as PermissionName }).catch(() => null);
    if (permission?.state === 'granted') await this.#read();
  }

  async #read(): Promise<void> {
    await navigator.clipboard.readText().then((text) => this.send(text), () => {});
  }

  /** Brings the clipboard along before a paste key; the key waits for this. */
  async beforePaste(): Promise<void> {
    if (!preferences.clipboard) return;
    const text = this.readable ? this.#read() : new Promise<void>((resolve) => (this.#pasted = () => resolve()));
    await Promise.race([text, new Promise((resolve) => setTimeout(resolve, PASTE_WAIT_MS))]);
    this.#pasted = null;
  }

  /** A paste event of the browser: the way where the clipboard cannot be read. */
  paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    event.preventDefault();
    this.send(text);
    this.#pasted?.(text);
  }
}
