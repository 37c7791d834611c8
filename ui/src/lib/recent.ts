import type { Values } from './form-model';

/** A target that was connected to from this browser. Holds no secret. */
export interface Recent {
  driver: string;
  title: string;
  values: Values;
  at: number;
}

const KEY = 'fanlight.recent';
const KEPT = 12;

function isRecent(value: unknown): value is Recent {
  const entry = value as Recent;
  return typeof entry === 'object' && entry !== null && typeof entry.driver === 'string'
    && typeof entry.title === 'string' && typeof entry.values === 'object' && entry.values !== null;
}

/** Newest first. Empty where the browser keeps nothing. */
export function recents(storage: Storage = localStorage): Recent[] {
  try {
    const stored: unknown = JSON.parse(storage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isRecent) : [];
  } catch {
    return [];
  }
}

function write(list: Recent[], storage: Storage): Recent[] {
  try {
    storage.setItem(KEY, JSON.stringify(list));
  } catch {
    // A browser that keeps nothing still connects.
  }
  return list;
}

const same = (a: Recent, b: Recent): boolean => a.driver === b.driver && a.title === b.title;

export function remember(entry: Recent, storage: Storage = localStorage): Recent[] {
  const others = recents(storage).filter((other) => !same(other, entry));
  return write([entry, ...others].slice(0, KEPT), storage);
}

export function forget(entry: Recent, storage: Storage = localStorage): Recent[] {
  return write(recents(storage).filter((other) => !same(other, entry)), storage);
}

export function forgetAll(storage: Storage = localStorage): void {
  write([], storage);
}
