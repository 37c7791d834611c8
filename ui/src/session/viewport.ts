/** A size in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** What the gateway takes (contract: 64 to 8192). */
const LEAST = 64;
const MOST = 8192;

const bounded = (n: number): number => Math.min(MOST, Math.max(LEAST, Math.floor(n)));

/** The remote size that fills `box` (CSS pixels) with one remote pixel to each device pixel. */
export function remoteSize(box: Size, ratio: number): Size {
  return { width: bounded(box.width * ratio), height: bounded(box.height * ratio) };
}

/**
 * CSS pixels for each remote pixel. `actual` gives each remote pixel one device pixel;
 * `fit` shows all of the screen, and enlarges a small one to at most one CSS pixel each.
 */
export function scaleFor(mode: 'fit' | 'actual', remote: Size, box: Size, ratio: number): number {
  const actual = 1 / ratio;
  if (mode === 'actual' || remote.width === 0 || remote.height === 0) return actual;
  const whole = Math.min(box.width / remote.width, box.height / remote.height);
  // A size that was rounded down must not be blurred by stretching it over the last pixel.
  if (Math.abs(whole - actual) / actual < 0.02 && whole >= actual) return actual;
  return Math.min(whole, Math.max(1, actual));
}
