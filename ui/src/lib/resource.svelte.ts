import { ApiError, messageOf } from '../api/errors';

/** How long a wait may last before a skeleton is worth drawing. */
const SKELETON_AFTER_MS = 150;

/** What a list's page needs to know to draw its state. */
export interface Loading<T> {
  readonly data: T | null;
  readonly problem: string | null;
  readonly slow: boolean;
  load(): Promise<void>;
}

/** Something fetched from the gateway, with the four states that a list has. */
export class Resource<T> implements Loading<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<ApiError | Error | null>(null);
  /** Whether the first answer takes long enough to draw a skeleton. */
  slow = $state(false);
  #fetch: () => Promise<T>;
  #running: Promise<void> | null = null;

  constructor(fetch: () => Promise<T>) {
    this.#fetch = fetch;
  }

  /** A sentence about the failure, where the last try failed. */
  get problem(): string | null {
    return this.error === null ? null : messageOf(this.error);
  }

  /** Fetches again; calls while one is under way share it. */
  load(): Promise<void> {
    this.#running ??= this.#load().finally(() => (this.#running = null));
    return this.#running;
  }

  async #load(): Promise<void> {
    const timer = setTimeout(() => (this.slow = this.data === null), SKELETON_AFTER_MS);
    try {
      this.data = await this.#fetch();
      this.error = null;
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error));
    } finally {
      clearTimeout(timer);
      this.slow = false;
    }
  }

  /** Fetches now and every `ms` while the page is seen; returns the end of it. */
  poll(ms: number): () => void {
    const look = (): void => {
      if (document.visibilityState === 'visible') void this.load();
    };
    look();
    const timer = setInterval(look, ms);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }

  clear(): void {
    this.data = null;
    this.error = null;
  }
}
