const MARK = 'fanlight.signed-out';

/** Where signing out happens: the gateway, and from there the provider where it offers that. */
export const SIGN_OUT = '/auth/logout';

/** Remembers, over the ways of a sign-out, that this tab asked for it. */
export function markSignedOut(): void {
  try {
    sessionStorage.setItem(MARK, '1');
  } catch {
    // Without storage the sign-in page merely does not say so.
  }
}

/** Whether this tab has just signed out; asked once. */
export function takeSignedOut(): boolean {
  try {
    const marked = sessionStorage.getItem(MARK) !== null;
    sessionStorage.removeItem(MARK);
    return marked;
  } catch {
    return false;
  }
}
