import type { Role, User, UserToken } from '../api/types';
import { t, words } from '../strings';

/** From the least to the greatest. */
export const ROLES: readonly Role[] = ['viewer', 'operator', 'poweruser', 'admin'];

export const roleName = (role: Role): string => t(`role.${role}`);

/** The roles that do not exceed `role`. */
export const rolesUpTo = (role: Role): Role[] => ROLES.slice(0, ROLES.indexOf(role) + 1);

/** What a person is called: the name, else the e-mail address, else the subject. */
export const personName = (user: Pick<User, 'name' | 'email' | 'subject'>): string =>
  user.name || user.email || user.subject;

export type TokenState = 'active' | 'expired' | 'revoked';

export function stateOf(token: Pick<UserToken, 'expires_at' | 'revoked_at'>, now: number = Date.now()): TokenState {
  if (token.revoked_at) return 'revoked';
  return token.expires_at && new Date(token.expires_at).getTime() <= now ? 'expired' : 'active';
}

/** What the audit log calls an action, in words; a later action's own name until it has some. */
export const actionName = (action: string): string =>
  words(`action.${action}`) ?? action.replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase());

/** Whether every word of `query` occurs in `text`, whatever the case. */
export function matches(text: string, query: string): boolean {
  const all = text.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

type Key = string | number | null;

/** A copy in the order of `by`; what has no value comes last either way. */
export function sorted<T>(items: readonly T[], by: (item: T) => Key, down: boolean): T[] {
  const sign = down ? -1 : 1;
  return [...items].sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
    return order * sign;
  });
}
