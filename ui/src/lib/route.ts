/** Pages about who may do what, each a chunk of its own. */
export type AccessPage = 'activity' | 'my-tokens' | 'my-credentials' | 'users' | 'groups' | 'folders' | 'all-tokens' | 'machines' | 'host-keys';

const ACCESS_PATHS: Readonly<Record<AccessPage, string>> = {
  activity: '/activity',
  'my-tokens': '/settings/tokens',
  'my-credentials': '/settings/credentials',
  users: '/settings/users',
  groups: '/settings/groups',
  folders: '/settings/folders',
  'all-tokens': '/settings/all-tokens',
  machines: '/settings/machines',
  'host-keys': '/settings/host-keys',
};

/** Where the history of sessions is. */
export const HISTORY_PATH = '/sessions/history';

/** Where one of these pages is. */
export const pathOfPage = (page: AccessPage): string => ACCESS_PATHS[page];

/** Where recordings are, or one of them. */
export const pathOfRecordings = (name?: string): string => `/recordings${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;

export type Route =
  | { page: 'start' | 'sessions' | 'settings' | 'missing' }
  | { page: 'recordings'; name: string | null }
  | { page: AccessPage | 'history'; query: URLSearchParams }
  | { page: 'sign-in'; next: string; reason: string | null }
  | { page: 'session'; id: string; key: string | null; watch?: true };

/** A path of this site, so that a forged `next` never leads elsewhere. */
export function safeNext(next: string | null): string {
  if (next === null || !next.startsWith('/') || /^\/[/\\]|[\\\r\n\t]/.test(next)) return '/';
  return next;
}

/** What stands in an address; as it is where nothing can be decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `/client/{id}`, the share as `&key=` behind the path (the form that is handed out) or as `?key=`. */
function sessionRoute(path: string, query: URLSearchParams): Route {
  const [id = '', ...rest] = path.slice('/client/'.length).split('&');
  const key = new URLSearchParams(rest.join('&')).get('key') ?? query.get('key');
  const watch = query.get('watch') === 'true' && ({ watch: true } as const);
  return { page: 'session', id: decodeURIComponent(id), key, ...watch };
}

/** The page for an address. */
export function routeOf(location: { pathname: string; search: string }): Route {
  const query = new URLSearchParams(location.search);
  const path = location.pathname.replace(/(.)\/+$/, '$1');
  if (path.startsWith('/client/')) return sessionRoute(path, query);
  if (path === '/') return { page: 'start' };
  if (path === '/sessions') return { page: 'sessions' };
  if (path === '/recordings') return { page: 'recordings', name: null };
  if (path.startsWith('/recordings/')) return { page: 'recordings', name: decoded(path.slice('/recordings/'.length)) };
  if (path === HISTORY_PATH) return { page: 'history', query };
  if (path === '/settings') return { page: 'settings' };
  if (path === '/login') return { page: 'sign-in', next: safeNext(query.get('next')), reason: query.get('reason') };
  const access = (Object.keys(ACCESS_PATHS) as AccessPage[]).find((page) => ACCESS_PATHS[page] === path);
  return access ? { page: access, query } : { page: 'missing' };
}
