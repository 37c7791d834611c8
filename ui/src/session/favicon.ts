export type SessionState = 'connecting' | 'connected' | 'reconnecting' | 'ended';

const ICONS: Record<SessionState, string> = {
  connecting: '/favicon-waiting.svg',
  connected: '/favicon-connected.svg',
  reconnecting: '/favicon-waiting.svg',
  ended: '/favicon-ended.svg',
};

/** Shows a session's state in the browser's tab; `null` puts the site's own icon back. */
export function showFavicon(state: SessionState | null): void {
  const link = document.getElementById('favicon');
  if (link instanceof HTMLLinkElement) link.href = state === null ? '/favicon.svg' : ICONS[state];
}
