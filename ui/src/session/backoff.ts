const DELAYS_MS = [500, 1000, 2000, 3000, 5000];

/** How long a lost session is called again before the page gives up. */
export const PATIENCE_MS = 5 * 60_000;

/** Milliseconds to wait before the `n`th try, from 0. */
export const delayBefore = (n: number): number => DELAYS_MS[Math.min(n, DELAYS_MS.length - 1)] ?? 5000;

/** Close codes after which calling again makes no sense: the gateway meant it. */
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009]);

export const isFinal = (code: number): boolean => FINAL.has(code) || (code >= 4000 && code < 5000);
