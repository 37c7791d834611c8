import { request } from './client';
import type { MadeShare, Share, ShareMode, Viewer } from './types';

const of = (session: string): string => `/api/sessions/${encodeURIComponent(session)}`;

/** What a new link is to be. */
export interface ShareWish {
  mode: ShareMode;
  label?: string;
  /** Seconds; as long as the session where it is left out. */
  expires_in?: number;
}

/** Links into a session and those who are there. Every call throws an `ApiError`. */
export const shares = {
  list: (session: string) => request<Share[]>('GET', `${of(session)}/shares`),
  make: (session: string, wish: ShareWish) => request<MadeShare>('POST', `${of(session)}/shares`, wish),
  revoke: (session: string, share: string) => request<void>('DELETE', `${of(session)}/shares/${share}`),
  setMode: (session: string, viewer: string, mode: ShareMode) =>
    request<Viewer>('PUT', `${of(session)}/viewers/${viewer}`, { mode }),
  dismiss: (session: string, viewer: string) => request<void>('DELETE', `${of(session)}/viewers/${viewer}`),
};
