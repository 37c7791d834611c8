import { draft } from './draft.svelte';
import { router } from './router.svelte';

let elsewhere: (() => void) | null = null;

/** Where the form for a new connection is shown, other than on the start page; until the returned function is called. */
export function formsAppearAt(show: () => void): () => void {
  elsewhere = show;
  return () => {
    if (elsewhere === show) elsewhere = null;
  };
}

/** Shows the form for a new connection, with what the draft holds. */
export function showForm(): void {
  if (elsewhere) return elsewhere();
  draft.wanted = true;
  router.go('/');
}
