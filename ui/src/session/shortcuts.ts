import { isPasteKey } from './keys';

/** What the page itself does with a key in a terminal, instead of the remote side. */
export type Shortcut = 'search' | 'larger' | 'smaller' | 'plain' | 'copy' | 'paste';

export interface Held {
  ctrl: boolean;
  shift: boolean;
  alt: boolean;
  meta: boolean;
}

const INSERT = [0xff63, 0xff9e];
const LARGER = [0x2b, 0x3d, 0xffab];
const SMALLER = [0x2d, 0xffad];
const PLAIN = [0x30, 0xffb0];
/** With the key that Apple's keyboards have for these. */
const APPLE: Record<string, Shortcut> = { c: 'copy', v: 'paste', f: 'search' };
const letter = (keysym: number): string => String.fromCharCode(keysym).toLowerCase();

/** The page's own meaning of a key in a terminal; `null`: it is the remote side's. */
export function shortcutOf(keysym: number, held: Held): Shortcut | null {
  if (held.alt) return null;
  if (held.meta) return held.ctrl ? null : (APPLE[letter(keysym)] ?? null);
  if (!held.ctrl) return null;
  if (held.shift && letter(keysym) === 'f') return 'search';
  if (held.shift && letter(keysym) === 'c') return 'copy';
  if (LARGER.includes(keysym)) return 'larger';
  if (held.shift) return null;
  if (SMALLER.includes(keysym)) return 'smaller';
  return PLAIN.includes(keysym) ? 'plain' : null;
}

/** Whether a key pastes: in a terminal Ctrl-V belongs to the programs in it. */
export function pastes(keysym: number, held: Held, terminal: boolean): boolean {
  if (terminal && held.shift && !held.ctrl && INSERT.includes(keysym)) return true;
  return (held.ctrl || held.meta) && isPasteKey(keysym) && (!terminal || held.shift);
}

/** A pasted text that types several commands: its line breaks run them. */
export const hasSeveralLines = (text: string): boolean => /[\r\n]/.test(text.replace(/[\r\n]+$/, ''));
