import { SessionView } from '../view.svelte';
import { parseKept, type Kept } from './kept';

const KEPT_AS = 'fanlight.tabs';

/** One session of this window. */
export interface Tab {
  readonly id: string;
  /** The share by which it is watched; `null` for one's own. */
  readonly key: string | null;
  /** Whether an admin only watches it. */
  readonly watch: boolean;
  readonly view: SessionView;
}

/** The session's page, which is its address in any other tab of the browser too. */
export function addressOf({ id, key, watch }: Pick<Tab, 'id' | 'key' | 'watch'>): string {
  const path = `/client/${encodeURIComponent(id)}`;
  if (key !== null) return `${path}?key=${encodeURIComponent(key)}`;
  return watch ? `${path}?watch=true` : path;
}

/** The sessions of this window: which there are, which one has the keyboard, and which stand side by side. */
export class Workspace {
  tabs = $state.raw<readonly Tab[]>([]);
  /** The session that has the keyboard, the title and the address. */
  focused = $state('');
  /** The session in the other of two panes, and whether it is the left one. */
  beside = $state.raw<{ id: string; left: boolean } | null>(null);
  #make: (id: string, key: string | null, watch: boolean) => SessionView;

  constructor(make = (id: string, key: string | null, watch: boolean) => new SessionView(id, key, watch)) {
    this.#make = make;
  }

  get current(): Tab | undefined {
    return this.#tab(this.focused);
  }

  #tab(id: string): Tab | undefined {
    return this.tabs.find((tab) => tab.id === id);
  }

  #new(id: string, key: string | null, watch: boolean): Tab {
    return { id, key, watch, view: this.#make(id, key, watch) };
  }

  /** Which pane shows a session: 0 at the left or the only one, 1 at the right, `null` none. */
  paneOf(id: string): 0 | 1 | null {
    if (id === this.focused) return this.beside?.left === true ? 1 : 0;
    if (id === this.beside?.id) return this.beside.left ? 0 : 1;
    return null;
  }

  /** Brings back what this window showed before a reload, if the session of the address was among it. */
  restore(id: string): void {
    const kept = parseKept(sessionStorage.getItem(KEPT_AS));
    if (!kept.tabs.some((tab) => tab.id === id)) return;
    this.tabs = kept.tabs.map((tab) => this.#new(tab.id, tab.key, tab.watch === true));
    this.focused = id;
    if (kept.beside !== null && kept.beside.id !== id && this.#tab(kept.beside.id)) this.beside = kept.beside;
  }

  /** Shows a session in the pane that has the keyboard; one that is in view already takes the keyboard. */
  show(id: string, key: string | null, watch = false): void {
    const there = this.#tab(id);
    if (there && there.watch !== watch) this.tabs = this.tabs.map((tab) => (tab.id === id ? this.#new(id, key, watch) : tab));
    else if (!there) this.tabs = [...this.tabs, this.#new(id, key, watch)];
    if (this.beside?.id === id) this.beside = { id: this.focused, left: !this.beside.left };
    this.focused = id;
    this.keep();
  }

  /** Puts a new session where an ended one was. */
  replace(old: string, id: string, key: string | null): void {
    this.tabs = this.tabs.map((tab) => (tab.id === old ? this.#new(id, key, false) : tab));
    if (this.focused === old) this.focused = id;
    if (this.beside?.id === old) this.beside = { ...this.beside, id };
    this.keep();
  }

  /** Takes a session out of this window, which does not end it. What has the keyboard then, if anything is left. */
  close(id: string): Tab | undefined {
    const at = this.tabs.findIndex((tab) => tab.id === id);
    this.tabs = this.tabs.filter((tab) => tab.id !== id);
    if (this.beside !== null && (id === this.focused || id === this.beside.id)) {
      if (id === this.focused) this.focused = this.beside.id;
      this.beside = null;
    } else if (id === this.focused) {
      this.focused = (this.tabs[at] ?? this.tabs[at - 1])?.id ?? '';
    }
    this.keep();
    return this.current;
  }

  /** One pane or two; the next session of the row comes to the second. */
  split(): void {
    const at = this.tabs.findIndex((tab) => tab.id === this.focused);
    const other = this.tabs[at + 1] ?? this.tabs[at - 1];
    this.beside = this.beside !== null || other === undefined ? null : { id: other.id, left: this.tabs[at + 1] === undefined };
    this.keep();
  }

  /** Remembers the window's sessions for a reload of it. */
  keep(): void {
    const kept: Kept = { tabs: this.tabs.map(({ id, key, watch }) => ({ id, key, ...(watch && { watch }) })), beside: this.beside };
    sessionStorage.setItem(KEPT_AS, JSON.stringify(kept));
  }
}
