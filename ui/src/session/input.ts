import { type Client, InputSink, Keyboard, Mouse } from '@glokon/guacamole-common-js';
import { preferences } from '../lib/preferences.svelte';
import type { Clipboard } from './clipboard';
import { isModifier, isPasteKey } from './keys';

type KeyEvent = [pressed: boolean, keysym: number];

/** Keyboard, mouse and touch of one session page, on their way to the remote side. */
export class Input {
  /** Ctrl-Alt-Shift was pressed. */
  ontoolbar: () => void = () => {};
  /** Which keys of the key row are held for the next key. */
  onsticky: (held: readonly number[]) => void = () => {};
  #client: Client | null = null;
  #clipboard: Clipboard;
  #sink = new InputSink();
  #keyboard: Keyboard;
  #sticky: number[] = [];
  /** Keys that wait until the clipboard went ahead of a paste; `null` when none has to. */
  #waiting: KeyEvent[] | null = null;

  constructor(host: HTMLElement, clipboard: Clipboard) {
    this.#clipboard = clipboard;
    const field = this.#sink.getElement();
    field.setAttribute('autocapitalize', 'off');
    field.setAttribute('autocomplete', 'off');
    field.setAttribute('spellcheck', 'false');
    field.dataset['testid'] = 'keyboard';
    host.append(field);
    field.addEventListener('paste', (event) => clipboard.paste(event));
    field.addEventListener('blur', () => this.#keyboard.reset());
    this.#keyboard = new Keyboard(field);
    this.#keyboard.onkeydown = (keysym) => this.#down(keysym);
    this.#keyboard.onkeyup = (keysym) => this.#send(false, keysym);
  }

  /** Names the screen for those who do not see it. */
  label(text: string): void {
    this.#sink.getElement().setAttribute('aria-label', text);
  }

  focus(): void {
    this.#sink.focus();
  }

  /** Releases all keys and leaves the page. */
  dispose(): void {
    this.#client = null;
    this.#keyboard.reset();
    this.#sink.getElement().remove();
  }

  attach(client: Client): void {
    this.#client = client;
    const element = client.getDisplay().getElement();
    const mouse = new Mouse(element);
    const touch = preferences.touch === 'pad' ? new Mouse.Touchpad(element) : new Mouse.Touchscreen(element);
    for (const source of [mouse, touch]) {
      source.onEach(['mousedown', 'mouseup', 'mousemove', 'mouseout'], (event) => this.#point(client, event as Mouse.Event));
    }
    client.getDisplay().oncursor = (canvas, x, y) => {
      client.getDisplay().showCursor(!mouse.setCursor(canvas, x, y));
    };
  }

  #point(client: Client, event: Mouse.Event): void {
    if (event.type === 'mousedown') this.focus();
    if (event.type === 'mouseout') client.getDisplay().showCursor(false);
    else client.sendMouseState(event.state, true);
  }

  /** Presses and releases keys together, as Ctrl-Alt-Del. */
  chord(keysyms: readonly number[]): void {
    for (const keysym of keysyms) this.#send(true, keysym);
    for (const keysym of [...keysyms].reverse()) this.#send(false, keysym);
    this.#releaseSticky();
  }

  /** Holds a key of the key row until the next key, or lets it go. */
  stick(keysym: number): void {
    const held = this.#sticky.includes(keysym);
    this.#send(!held, keysym);
    this.#sticky = held ? this.#sticky.filter((one) => one !== keysym) : [...this.#sticky, keysym];
    this.onsticky(this.#sticky);
  }

  #releaseSticky(): void {
    for (const keysym of this.#sticky) this.#send(false, keysym);
    this.#sticky = [];
    this.onsticky(this.#sticky);
  }

  /** Whether the browser may act on the key too. */
  #down(keysym: number): boolean {
    const { ctrl, alt, shift, meta } = this.#keyboard.modifiers;
    this.#send(true, keysym);
    if (ctrl && alt && shift && isModifier(keysym)) {
      this.#keyboard.reset();
      // The library's sink takes the focus back behind every key: come after it.
      setTimeout(() => this.ontoolbar());
      return false;
    }
    if (!isModifier(keysym) && this.#sticky.length > 0) queueMicrotask(() => this.#releaseSticky());
    return this.#pasting(keysym, ctrl || meta);
  }

  #pasting(keysym: number, held: boolean): boolean {
    return held && isPasteKey(keysym) && preferences.clipboard && !this.#clipboard.readable;
  }

  #send(pressed: boolean, keysym: number): void {
    const { ctrl, meta } = this.#keyboard.modifiers;
    if (pressed && (ctrl || meta) && isPasteKey(keysym) && this.#waiting === null) this.#holdForClipboard();
    if (this.#waiting) this.#waiting.push([pressed, keysym]);
    else this.#client?.sendKeyEvent(pressed ? 1 : 0, keysym);
  }

  #holdForClipboard(): void {
    this.#waiting = [];
    void this.#clipboard.beforePaste().finally(() => {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      for (const [pressed, keysym] of waiting) this.#client?.sendKeyEvent(pressed ? 1 : 0, keysym);
    });
  }
}
