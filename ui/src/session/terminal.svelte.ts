import { preferences } from '../lib/preferences.svelte';
import type { Arguments } from './arguments';
import { applyText } from './screen-text';

const LEAST_POINTS = 6;
const MOST_POINTS = 48;
const PLAIN_POINTS = 12;
/** Schemes of links that a remote side may have opened here. */
const LINKS = new Set(['http:', 'https:', 'mailto:']);
/** An answer to a wish takes at most about so long. */
const SCROLL_SETTLES_MS = 400;
/** A link is opened for a click so recent, never by itself. */
const CLICK_COUNTS_MS = 3000;

/** Where the view of a terminal's scrollback is, in lines. */
export interface Scrollback {
  /** Lines that the view is above the newest; 0 at the prompt. */
  offset: number;
  /** Lines above the screen. */
  history: number;
  /** Lines of the screen. */
  rows: number;
}

/** What is searched for, and how. */
export interface Search {
  text: string;
  case: boolean;
  regex: boolean;
}

/** Matches of a search; `current` counts from 1, 0 where none is shown. */
export interface Found {
  count: number;
  current: number;
}

function parse(value: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const whole = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0);

/** What this page can do with a terminal, as far as its engine announced it. `null`: not announced. */
export class TerminalControls {
  points = $state<number | null>(null);
  scheme = $state<string | null>(null);
  searchable = $state(false);
  found = $state.raw<Found | null>(null);
  /** Why a search cannot be done, in the engine's words. */
  searchProblem = $state('');
  scrollback = $state.raw<Scrollback | null>(null);
  bracketed = $state(false);
  readable = $state(false);
  lines = $state.raw<readonly string[]>([]);
  #arguments: Arguments;
  #first: number | null = null;
  #lastClick = -CLICK_COUNTS_MS;
  #reading = false;
  #wanted = false;
  #focusable = false;
  #told: Scrollback | null = null;
  #focused = false;
  #scrolling: ReturnType<typeof setTimeout> | undefined;

  constructor(args: Arguments) {
    this.#arguments = args;
    args.on('font-size', (value) => this.#pointsAre(value));
    args.on('color-scheme', (value) => (this.scheme = value));
    args.on('search', (value) => this.#foundIs(value));
    args.on('scrollback', (value) => this.#scrollbackIs(value));
    args.on('bracketed-paste', (value) => (this.bracketed = value === 'true'));
    args.on('open-link', (value) => this.#open(value));
    args.on('focus', () => this.#focusIs());
    args.on('screen-text', (value) => this.#textIs(value));
  }

  /** Whether the screen is a terminal at all. */
  get present(): boolean {
    return this.points !== null;
  }

  #pointsAre(value: string): void {
    const points = Number(value);
    if (!Number.isFinite(points) || points <= 0) return;
    this.points = points;
    this.#first ??= points;
  }

  /** Applies what this person has set for terminals, once the engine has announced its own. */
  applyPreferences(): void {
    if (this.points !== null && preferences.points !== null) this.#setPoints(preferences.points);
    if (this.scheme !== null && preferences.scheme !== null) this.#setScheme(preferences.scheme);
  }

  /** Makes the letters larger or smaller by `steps` points, for this terminal and the next. */
  zoom(steps: number): void {
    if (this.points === null) return;
    preferences.points = Math.min(MOST_POINTS, Math.max(LEAST_POINTS, Math.round(this.points) + steps));
    this.#setPoints(preferences.points);
  }

  /** The size that the session began with. */
  unzoom(): void {
    preferences.points = null;
    this.#setPoints(this.#first ?? PLAIN_POINTS);
  }

  #setPoints(points: number): void {
    if (this.points === points) return;
    this.points = points;
    this.#arguments.send('font-size', String(points));
  }

  color(scheme: string): void {
    preferences.scheme = scheme;
    this.#setScheme(scheme);
  }

  #setScheme(scheme: string): void {
    if (this.scheme === scheme) return;
    this.scheme = scheme;
    this.#arguments.send('color-scheme', scheme);
  }

  /** Looks for text; an empty one ends the search. */
  search(wanted: Search, go: 'next' | 'previous' | 'stay'): void {
    if (wanted.text === '') this.found = null;
    this.#arguments.send('search', JSON.stringify({ ...wanted, go }));
  }

  #foundIs(value: string): void {
    this.searchable = true;
    const result = parse(value);
    this.searchProblem = typeof result['error'] === 'string' ? result['error'] : '';
    this.found = 'count' in result ? { count: whole(result['count']), current: whole(result['current']) } : null;
  }

  #scrollbackIs(value: string): void {
    const told = parse(value);
    const scrollback = { offset: whole(told['offset']), history: whole(told['history']), rows: Math.max(1, whole(told['rows'])) };
    this.#told = scrollback;
    // What the thumb was moved to since is on its way: it must not jump back meanwhile.
    const ahead = this.#scrolling !== undefined && this.scrollback !== null;
    this.scrollback = ahead ? { ...scrollback, offset: Math.min(scrollback.history, this.scrollback?.offset ?? 0) } : scrollback;
  }

  #scrolls(): void {
    clearTimeout(this.#scrolling);
    this.#scrolling = setTimeout(() => {
      this.#scrolling = undefined;
      this.scrollback = this.#told;
    }, SCROLL_SETTLES_MS);
  }

  /** Shows the lines `offset` above the newest. */
  scrollTo(offset: number): void {
    if (this.scrollback === null) return;
    const inside = Math.min(this.scrollback.history, Math.max(0, Math.round(offset)));
    if (inside === this.scrollback.offset) return;
    this.scrollback = { ...this.scrollback, offset: inside };
    this.#scrolls();
    this.#arguments.send('scrollback', String(inside));
  }

  /** Asks for the text of the screen, which costs some traffic, or no longer. */
  read(on: boolean): void {
    this.#wanted = on;
    this.#ask();
  }

  #ask(): void {
    if (!this.readable || this.#wanted === this.#reading) return;
    this.#reading = this.#wanted;
    if (!this.#reading) this.lines = [];
    this.#arguments.send('screen-text', this.#reading ? 'on' : 'off');
  }

  #textIs(value: string): void {
    this.readable = true;
    this.#ask();
    if (this.#reading) this.lines = applyText(this.lines, value) ?? this.lines;
  }

  /** Whether this page has the keyboard, for programs that follow it and for the cursor. */
  focus(has: boolean): void {
    if (this.#focusable && has !== this.#focused) this.#arguments.send('focus', has ? 'in' : 'out');
    this.#focused = has;
  }

  #focusIs(): void {
    if (this.#focusable) return;
    this.#focusable = true;
    this.#arguments.send('focus', this.#focused ? 'in' : 'out');
  }

  /** A click of this person on the screen, which a link may follow. */
  clicked(): void {
    this.#lastClick = performance.now();
  }

  #open(url: string): void {
    if (!URL.canParse(url) || !LINKS.has(new URL(url).protocol)) return;
    if (performance.now() - this.#lastClick > CLICK_COUNTS_MS) return;
    this.#lastClick = -CLICK_COUNTS_MS;
    window.open(url, '_blank', 'noopener,noreferrer');
  }

  /** A new tunnel: its engine announces anew what it can do. */
  reset(): void {
    this.#reading = false;
    this.#focusable = false;
    this.found = null;
    this.lines = [];
  }
}
