import type { StringKey } from '../strings';

/** Guacamole status codes ("Status codes" in its manual) of an end that nobody has to mend. */
const CLOSED = 0x020b;
const EXPIRED = 0x020a;

const ADVICE: Record<number, StringKey> = {
  0x0200: 'advice.internal',
  0x0201: 'advice.busy',
  0x0202: 'advice.timeout',
  0x0203: 'advice.untrusted',
  0x0204: 'advice.notfound',
  0x0205: 'advice.conflict',
  0x0207: 'advice.notfound',
  0x0208: 'advice.refused',
  0x0209: 'advice.conflict',
  [EXPIRED]: 'advice.expired',
  [CLOSED]: 'advice.closed',
  0x0300: 'advice.invalid',
  0x0301: 'advice.login',
  0x0303: 'advice.denied',
  0x0308: 'advice.timeout',
  0x031d: 'advice.busy',
};

export const isOrderly = (status: number): boolean => status === CLOSED || status === EXPIRED;

/** What a person can do about a failure. */
export const adviceFor = (status: number): StringKey => ADVICE[status] ?? 'advice.internal';
