import { messageOf } from '../api/errors';
import { Resource, type Loading } from './resource.svelte';

/** So many entries are fetched at a time. */
export const PAGE = 100;

interface Page<T> {
  items: T[];
  /** The `before` of the next page. */
  next?: string | null;
}

/** A log, newest first, fetched page by page as far as one reads. */
export class PagedList<T> implements Loading<T[]> {
  #fetch: (before?: string) => Promise<Page<T>>;
  #newest: Resource<T[]>;
  #older = $state.raw<T[]>([]);
  #next = $state.raw<string | null>(null);
  #all = $derived.by(() => (this.#newest.data === null ? null : [...this.#newest.data, ...this.#older]));
  /** Whether older entries are on their way. */
  busy = $state(false);
  /** Why older entries could not be fetched. */
  moreProblem = $state<string | null>(null);

  constructor(fetch: (before?: string) => Promise<Page<T>>) {
    this.#fetch = fetch;
    this.#newest = new Resource(() => this.#first());
  }

  get data(): T[] | null {
    return this.#all;
  }

  get problem(): string | null {
    return this.#newest.problem;
  }

  get slow(): boolean {
    return this.#newest.slow;
  }

  /** Fetches the newest entries afresh. */
  load(): Promise<void> {
    return this.#newest.load();
  }

  async #first(): Promise<T[]> {
    const page = await this.#fetch();
    this.#older = [];
    this.#next = page.next ?? null;
    this.moreProblem = null;
    return page.items;
  }

  /** Fetches what comes next; nothing to do at the end, while it runs, or after a failure
   * until `again` says so. */
  async more(again = false): Promise<void> {
    const before = this.#next;
    if (before === null || this.busy || (this.moreProblem !== null && !again)) return;
    this.busy = true;
    try {
      const page = await this.#fetch(before);
      if (this.#next !== before) return;
      this.#older = [...this.#older, ...page.items];
      this.#next = page.next ?? null;
      this.moreProblem = null;
    } catch (error) {
      this.moreProblem = messageOf(error);
    } finally {
      this.busy = false;
    }
  }
}
