import { access, type AuditFilter } from '../../api/access';
import { messageOf } from '../../api/errors';
import type { AuditEvent } from '../../api/types';
import { Resource, type Loading } from '../../lib/resource.svelte';

const PAGE = 100;

/** The audit log, newest first, fetched page by page as far as one reads. */
export class AuditList implements Loading<AuditEvent[]> {
  #filter: Partial<AuditFilter>;
  #newest: Resource<AuditEvent[]>;
  #older = $state.raw<AuditEvent[]>([]);
  #next = $state.raw<string | null>(null);
  #all = $derived.by(() => (this.#newest.data === null ? null : [...this.#newest.data, ...this.#older]));
  /** Whether older entries are on their way. */
  busy = $state(false);
  /** Why older entries could not be fetched. */
  moreProblem = $state<string | null>(null);

  constructor(filter: Partial<AuditFilter>) {
    this.#filter = filter;
    this.#newest = new Resource(() => this.#first());
  }

  get data(): AuditEvent[] | null {
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

  async #first(): Promise<AuditEvent[]> {
    const page = await access.audit(this.#filter, PAGE);
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
      const page = await access.audit(this.#filter, PAGE, before);
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
