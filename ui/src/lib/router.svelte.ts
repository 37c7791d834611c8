import { routeOf, type Route } from './route';

class Router {
  route = $state.raw<Route>(routeOf(location));

  constructor() {
    window.addEventListener('popstate', () => this.#read());
  }

  #read(): void {
    this.route = routeOf(location);
  }

  /** Goes to a path of this site. */
  go(path: string, how: 'push' | 'replace' = 'push'): void {
    // What is of the gateway itself, such as a link that opens a machine, is asked of it.
    if (path.startsWith('/api/')) return location.replace(path);
    if (how === 'replace') history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    this.#read();
    window.scrollTo(0, 0);
  }
}

export const router = new Router();

/** Lets a plain link navigate without a reload, unless another tab or window is asked for. */
export function followLink(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest('a');
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href);
  if (link.target || link.hasAttribute('download') || link.hasAttribute('data-reload') || url.origin !== location.origin) return;
  event.preventDefault();
  router.go(url.pathname + url.search);
}
