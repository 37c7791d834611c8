import { ApiError, errorFrom, unreachable } from './errors';
import { request } from './client';
import type { Recording, RecordingIndex } from './types';

const one = (name: string): string => `/api/recordings/${encodeURIComponent(name)}`;

/** A segment may be some megabytes on a slow line. */
const TIMEOUT_MS = 60_000;

/** Recordings. Every call throws an `ApiError`. */
export const recordings = {
  list: () => request<Recording[]>('GET', '/api/recordings'),
  about: (name: string) => request<Recording>('GET', `${one(name)}/about`),
  index: (name: string) => request<RecordingIndex>('GET', `${one(name)}/index`),
  remove: (name: string) => request<void>('DELETE', one(name)),
  /** Where the whole stream is. */
  url: one,
  /** The stream from byte `from` to before byte `until`. */
  part: async (name: string, from: number, until: number): Promise<string> => {
    try {
      const response = await fetch(one(name), {
        headers: { range: `bytes=${from}-${until - 1}` },
        credentials: 'same-origin',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await response.text();
      if (response.status !== 206) throw errorFrom(response.status, text, response.headers.get('retry-after'));
      return text;
    } catch (error) {
      throw error instanceof ApiError ? error : unreachable();
    }
  },
};
