import { ApiError, errorFrom, unreachable } from './errors';
import type { AuthStatus, Banner, CreatedSession, Driver, HistoryPage, Me, Preset, Session, SessionStep } from './types';

const TIMEOUT_MS = 20_000;

/** Called when the gateway no longer knows who this is. */
let signedOut: () => void = () => {};

export function onSignedOut(handler: () => void): void {
  signedOut = handler;
}

async function exchange(method: string, path: string, body: unknown, limit: number): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(limit),
    });
  } catch {
    throw unreachable();
  }
}

/** Asks the gateway; throws an `ApiError` for every refusal and for silence. */
export async function request<T>(method: string, path: string, body?: unknown, limit = TIMEOUT_MS): Promise<T> {
  const response = await exchange(method, path, body, limit);
  const text = await response.text().catch(() => {
    throw unreachable();
  });
  if (!response.ok) {
    const error = errorFrom(response.status, text, response.headers.get('retry-after'));
    if (error.status === 401 && path !== '/api/auth/sign-in') signedOut();
    throw error;
  }
  if (text === '') return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(response.status, 'unexpected', errorFrom(response.status, '').message);
  }
}

/** A query of what is set, with its question mark; empty where nothing is. */
export function query(values: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(values).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
}

const session = (id: string): string => `/api/sessions/${encodeURIComponent(id)}`;

/** What the history is narrowed to; an empty text does not narrow. */
export interface HistoryFilter {
  from: string;
  to: string;
  status: string;
  session_type: string;
  who: string;
  q: string;
}

/** The gateway's API, as far as these pages use it. Every call throws an `ApiError`. */
export const api = {
  authStatus: () => request<AuthStatus>('GET', '/api/auth/status'),
  signIn: (api_key: string) => request<void>('POST', '/api/auth/sign-in', { api_key }),
  me: () => request<Me>('GET', '/api/me'),
  drivers: () => request<Driver[]>('GET', '/api/drivers'),
  presets: () => request<Preset[]>('GET', '/api/presets'),
  sessions: () => request<Session[]>('GET', '/api/sessions'),
  history: (filter: Partial<HistoryFilter>, limit: number, before?: string) =>
    request<HistoryPage>('GET', `/api/sessions/history${query({ ...filter, limit: String(limit), before })}`),
  historyCsv: (filter: Partial<HistoryFilter>): string => `/api/sessions/history.csv${query(filter)}`,
  session: (id: string) => request<Session>('GET', session(id)),
  create: (fields: Record<string, unknown>) => request<CreatedSession>('POST', '/api/sessions', fields),
  reconnect: (id: string) => request<CreatedSession>('POST', `${session(id)}/reconnect`),
  banner: (id: string) => request<Banner>('GET', `${session(id)}/banner`),
  end: (id: string) => request<void>('DELETE', session(id)),
  steps: (id: string) => request<SessionStep[]>('GET', `${session(id)}/steps`),
};
