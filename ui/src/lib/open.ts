import { api } from '../api/client';
import type { CreatedSession } from '../api/types';
import { router } from './router.svelte';

/** The window's size as the remote screen's: device pixels, so that text is crisp. */
export function windowSize(): { width: number; height: number; dpi: number } {
  const ratio = window.devicePixelRatio || 1;
  const clamp = (n: number, least: number, most: number): number => Math.min(most, Math.max(least, Math.round(n)));
  return {
    width: clamp(window.innerWidth * ratio, 64, 8192),
    height: clamp(window.innerHeight * ratio, 64, 8192),
    dpi: clamp(96 * ratio, 24, 600),
  };
}

/** The session's page as a path of this site. */
export function pathOf(created: Pick<CreatedSession, 'client_url'>): string {
  const url = new URL(created.client_url, location.origin);
  return url.pathname + url.search;
}

/** Makes a session and goes to it, here or in a new tab. Throws `ApiError`. */
export async function openSession(fields: Record<string, unknown>, newTab = false): Promise<void> {
  const created = await api.create({ ...fields, ...windowSize() });
  const path = pathOf(created);
  if (newTab) window.open(path, '_blank', 'noopener');
  else router.go(path);
}
