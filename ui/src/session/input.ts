import { type Client, InputSink, Keyboard, Mouse } from '@glokon/guacamole-common-js';
import { preferences } from '../lib/preferences.svelte';
import type { Clipboard } from './clipboard';
import { isModifier, KEYSYM } from './keys';
import { pastes, shortcutOf, type Shortcut } from './shortcuts';
import { cssCursor, pointExactly, within, type Cursor, type Place } from './pointer';
import { Gestures, type Meaning } from './touch';
import { Typing } from './typing';

type KeyEvent = [pressed: boolean, keysym: number];

/** A pointer that rests so long may be somebody else's. */
const POINTS_MS = 1000;
const META = [0xffe7, 0xffe8, 0xffeb, 0xffec];

/** Keyboard, mouse and touch of one session page, on their way to the remote side. */
export class Input {
  /** Ctrl-Alt-Shift was pressed. */
  ontoolbar: () => void = () => {};
  /** Which keys of the key row are held for the next key. */
  onsticky: (held: readonly number[]) => void = () => {};
  /** The page's own keys; whether it has a use for this one now. */
  onshortcut: (shortcut: Shortcut) => boolean = () => false;
  /** A button of the mouse, or a finger, came down on the screen. */
  onclick: () => void = () => {};
  /** A key or a button was used. */
  onuse: () => void = () => {};
  /** The keyboard came to the remote screen, or left it. */
  onfocus: (has: boolean) => void = () => {};
  /** What fingers mean beyond clicks. */
  ongesture: Meaning = { push: () => {}, pinch: () => {} };
  /** Whether this page may take the keyboard: another session beside it may have it. */
  mayFocus: () => boolean = () => true;
  /** Whether the screen is a terminal, which has paste keys of its own. */
  terminal: () => boolean = () => false;
  #client: Client | null = null;
  #clipboard: Clipboard;
  #sink = new InputSink();
  #keyboard: Keyboard;
  #sticky: number[] = [];
  /** Keys that wait until the clipboard went ahead of a paste; `null` when none has to. */
  #waiting: KeyEvent[] | null = null;
  /** Keys that the page took for itself: their release is its own too. */
  #taken = new Set<number>();
  #cursor: Cursor | null = null;
  #pointed = Number.NEGATIVE_INFINITY;

  constructor(host: HTMLElement, clipboard: Clipboard) {
    this.#clipboard = clipboard;
    const field = this.#sink.getElement() as HTMLTextAreaElement;
    for (const name of ['autocapitalize', 'autocomplete', 'autocorrect']) field.setAttribute(name, 'off');
    field.setAttribute('spellcheck', 'false');
    field.dataset['testid'] = 'keyboard';
    host.append(field);
    // The library's sink takes the focus at every key of the document, later than it was asked to.
    this.#sink.focus = () => void setTimeout(() => this.mayFocus() && field.focus());
    pointExactly();
    window.addEventListener('blur', this.#left);
    const touches = matchMedia('(pointer: coarse)').matches;
    new Typing(field, touches, (keysym) => this.#stroke(keysym)).listen(host);
    field.addEventListener('paste', (event) => clipboard.paste(event));
    field.addEventListener('focus', () => this.onfocus(true));
    field.addEventListener('blur', () => {
      this.#keyboard.reset();
      this.onfocus(false);
    });
    this.#keyboard = new Keyboard(field);
    this.#keyboard.onkeydown = (keysym) => this.#down(keysym);
    this.#keyboard.onkeyup = (keysym) => this.#up(keysym);
  }

  /** Names the screen for those who do not see it. */
  label(text: string): void {
    this.#sink.getElement().setAttribute('aria-label', text);
  }

  focus(): void {
    this.#sink.focus();
  }

  /** No key may stay down while the window is not the one in use. */
  #left = (): void => this.#releaseSticky();

  /** Releases all keys and leaves the page. */
  dispose(): void {
    window.removeEventListener('blur', this.#left);
    this.#client = null;
    this.#keyboard.reset();
    this.#sink.getElement().remove();
  }

  attach(client: Client): void {
    this.#client = client;
    const element = client.getDisplay().getElement();
    const sources = [
      { source: new Mouse(element), means: () => true },
      { source: new Mouse.Touchscreen(element), means: () => preferences.touch === 'direct' },
      { source: new Mouse.Touchpad(element), means: () => preferences.touch === 'pad' },
    ];
    for (const { source, means } of sources) {
      source.onEach(['mousedown', 'mouseup', 'mousemove', 'mouseout'], (event) => means() && this.#point(client, event as Mouse.Event));
    }
    this.#gestures(element);
    client.getDisplay().oncursor = (canvas, x, y) => {
      this.#cursor = { canvas, x, y };
      this.recursor();
      client.getDisplay().showCursor(false);
    };
  }

  /** Shows the remote pointer in the size of the picture, which may have changed. */
  recursor(): void {
    const display = this.#client?.getDisplay();
    if (!display || !this.#cursor) return;
    display.getElement().style.cursor = cssCursor(this.#cursor, display.getScale(), window.devicePixelRatio || 1);
  }

  #gestures(element: HTMLElement): void {
    const gestures = new Gestures({
      // On a touchpad, what fingers push is the pointer, and the library turns the wheel.
      push: (by, at, fingers) => preferences.touch === 'direct' && this.ongesture.push(by, at, fingers),
      pinch: (step, at) => this.ongesture.pinch(step, at),
    });
    const change = (event: TouchEvent): void => gestures.change([...event.touches], event.timeStamp);
    for (const type of ['touchstart', 'touchend', 'touchcancel'] as const) element.addEventListener(type, change);
    element.addEventListener('touchmove', (event) => void (gestures.move([...event.touches]) && event.preventDefault()));
  }

  #point(client: Client, event: Mouse.Event): void {
    if (event.type === 'mousedown' || event.type === 'mouseup') this.#clicked(event);
    client.getDisplay().showCursor(false);
    if (event.type === 'mouseout') return;
    this.#pointed = performance.now();
    client.sendMouseState(event.state, true);
  }

  #clicked({ type, state }: Mouse.Event): void {
    this.onuse();
    if (type === 'mousedown') this.focus();
    if (state.up || state.down) return;
    this.#clipboard.clicked();
    this.onclick();
  }

  /** Whether the pointer is this window's own just now: where it is said to be is late then. */
  get points(): boolean {
    return performance.now() - this.#pointed < POINTS_MS;
  }

  /** Turns the wheel by a step at a point of the page, in CSS pixels. */
  wheel(direction: 'up' | 'down', at: Place): void {
    const client = this.#client;
    if (!client) return;
    const state = new Mouse.State();
    const { x, y } = within(client.getDisplay().getElement(), at);
    Object.assign(state, { x, y });
    for (const pressed of [true, false]) {
      state[direction] = pressed;
      client.sendMouseState(state, true);
    }
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

  /** A key that is pressed and released at once: what is typed otherwise than by keys. */
  #stroke(keysym: number): void {
    this.#send(true, keysym);
    this.#send(false, keysym);
    if (this.#sticky.length > 0) this.#releaseSticky();
  }

  /** Pastes the clipboard into a terminal, as its key does. */
  paste(): void {
    if (this.#waiting === null) this.#holdForClipboard();
    this.chord([KEYSYM.control, KEYSYM.shift, KEYSYM.v]);
  }

  /** Apple's key, which no terminal knows: lets it go before something else is done with it. */
  #releaseMeta(): void {
    for (const keysym of META) this.#send(false, keysym);
  }

  /** Whether the browser may act on the key too. */
  #down(keysym: number): boolean {
    this.onuse();
    const held = this.#keyboard.modifiers;
    const shortcut = this.terminal() ? shortcutOf(keysym, held) : null;
    if (shortcut !== null && this.#takes(shortcut, held.meta)) {
      this.#taken.add(keysym);
      return false;
    }
    this.#send(true, keysym);
    if (held.ctrl && held.alt && held.shift && isModifier(keysym)) {
      this.#keyboard.reset();
      // The library's sink takes the focus back behind every key: come after it.
      setTimeout(() => this.ontoolbar());
      return false;
    }
    if (!isModifier(keysym) && this.#sticky.length > 0) queueMicrotask(() => this.#releaseSticky());
    return pastes(keysym, held, this.terminal()) && preferences.clipboard && !this.#clipboard.readable;
  }

  #takes(shortcut: Shortcut, meta: boolean): boolean {
    if (meta) this.#releaseMeta();
    if (shortcut !== 'paste') return this.onshortcut(shortcut);
    this.paste();
    return true;
  }

  #up(keysym: number): void {
    if (!this.#taken.delete(keysym)) this.#send(false, keysym);
  }

  #send(pressed: boolean, keysym: number): void {
    if (pressed && this.#waiting === null && this.#pastes(keysym)) this.#holdForClipboard();
    if (this.#waiting) this.#waiting.push([pressed, keysym]);
    else this.#client?.sendKeyEvent(pressed ? 1 : 0, keysym);
  }

  #pastes(keysym: number): boolean {
    const { ctrl, shift, alt, meta } = this.#keyboard.modifiers;
    return pastes(keysym, { ctrl, shift, alt, meta }, this.terminal());
  }

  #holdForClipboard(): void {
    this.#waiting = [];
    void this.#clipboard.beforePaste().catch(() => true).then((allowed) => {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      // Without the paste itself, releases still have to arrive.
      for (const [pressed, keysym] of waiting) if (allowed || !pressed) this.#client?.sendKeyEvent(pressed ? 1 : 0, keysym);
    });
  }
}
