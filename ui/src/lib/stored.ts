import { getContext, setContext } from 'svelte';

/** What a form knows of secrets that the gateway keeps: they are never shown. */
export interface StoredSecrets {
  has(path: string): boolean;
  isCleared(path: string): boolean;
  clear(path: string, on: boolean): void;
}

const KEY = Symbol('stored secrets');

export const tellStoredSecrets = (stored: StoredSecrets): StoredSecrets => setContext(KEY, stored);

/** What is stored; `undefined` in forms whose content is kept nowhere. */
export const storedSecrets = (): StoredSecrets | undefined => getContext(KEY);
