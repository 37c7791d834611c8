import { t, type StringKey } from '../../strings';

/** Guacamole status codes ("Status codes" in its manual) that mean something for files. */
const WORDS: Record<number, StringKey> = {
  0x0100: 'files.fault.unsupported',
  0x0202: 'files.fault.timeout',
  0x0204: 'files.fault.missing',
  0x0205: 'files.fault.conflict',
  0x0206: 'files.fault.closed',
  0x0301: 'files.fault.forbidden',
  0x0303: 'files.fault.forbidden',
  0x030d: 'files.fault.large',
};

/** Why a file or folder could not be had, for people. */
export class FileProblem extends Error {}

/** The engine's own sentence where it is one, else what its code means. */
export function problemOf(code: number, message: string): FileProblem {
  const sentence = /\s/.test(message.trim()) && /[.!?]$/.test(message.trim());
  const words = WORDS[code];
  if (sentence) return new FileProblem(message.trim());
  return new FileProblem(words ? t(words) : t('files.fault.other', { message: message || String(code) }));
}
