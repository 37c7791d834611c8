import type { Viewer } from '../api/types';
import { t } from '../strings';

/** Who is in a session, and which of them this window is. */
export interface People {
  me: string;
  all: readonly Viewer[];
}

export const NOBODY: People = { me: '', all: [] };

/** Reads the gateway's `people` instruction; what cannot be read changes nothing. */
export function readPeople(args: readonly string[], before: People): People {
  try {
    const all: unknown = JSON.parse(args[1] ?? '');
    return Array.isArray(all) ? { me: args[0] ?? '', all: all as Viewer[] } : before;
  } catch {
    return before;
  }
}

export const myself = (people: People): Viewer | undefined => people.all.find((one) => one.viewer_id === people.me);

/** Those who are there beside this window. */
export const others = (people: People): Viewer[] => people.all.filter((one) => one.viewer_id !== people.me);

/**
 * What a person should hear of a change: who came or left, and what they themselves may do.
 * A window of one's own is nobody new.
 */
export function changes(before: People, now: People): string[] {
  // The first word of a new connection is no change.
  if (before.me !== now.me || before === NOBODY) return [];
  const guest = (one: Viewer): boolean => one.via !== 'owner' && one.viewer_id !== now.me;
  const missing = (from: People, one: Viewer): boolean => from.all.every((other) => other.viewer_id !== one.viewer_id);
  const came = now.all.filter((one) => guest(one) && missing(before, one));
  const left = before.all.filter((one) => guest(one) && missing(now, one));
  const said = [
    ...came.map((one) => t(one.via === 'watch' ? 'people.watches' : 'people.came', { name: one.name })),
    ...left.map((one) => t('people.left', { name: one.name })),
  ];
  const mode = myself(now)?.mode;
  if (mode !== myself(before)?.mode && mode !== 'own') {
    said.push(t(mode === 'interact' ? 'people.control.mine' : 'people.control.gone'));
  }
  return said;
}
