import type { Place } from './pointer';

/** Pixels that a finger may tremble before it moves. */
const TREMBLE = 12;
/** A finger that comes back so soon after a tap drags, as the second half of a double click. */
const DRAG_AFTER_TAP_MS = 250;
/** Fingers this much further apart, or closer, change the size by one step. */
const PINCH_STEP = 1.12;

/** What fingers mean beyond the clicks that the library makes of them. */
export interface Meaning {
  /** So many fingers push the picture by so many CSS pixels (positive: right, down), now at `at`. */
  push: (by: { x: number; y: number }, at: Place, fingers: number) => void;
  /** Two fingers around `at` part (1) or close (-1). */
  pinch: (step: 1 | -1, at: Place) => void;
}

const middle = (touches: readonly Place[]): Place => ({
  clientX: touches.reduce((sum, touch) => sum + touch.clientX, 0) / touches.length,
  clientY: touches.reduce((sum, touch) => sum + touch.clientY, 0) / touches.length,
});

const apart = ([a, b]: readonly Place[]): number => (a && b ? Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) : 0);

/** Follows the fingers on the screen: one or two push it, two pinch it. */
export class Gestures {
  #meaning: Meaning;
  #from: Place | null = null;
  #fingers = 0;
  #moved = false;
  #pinching = false;
  #span = 0;
  #tapped = Number.NEGATIVE_INFINITY;
  #dragging = false;

  constructor(meaning: Meaning) {
    this.#meaning = meaning;
  }

  /** Fingers came or went; `now` in milliseconds. */
  change(touches: readonly Place[], now: number): void {
    if (touches.length === 0) {
      this.#tapped = this.#moved || this.#fingers > 1 ? Number.NEGATIVE_INFINITY : now;
      this.#from = null;
    } else {
      if (this.#from === null) {
        this.#dragging = now - this.#tapped < DRAG_AFTER_TAP_MS;
        this.#moved = false;
        this.#pinching = false;
      }
      this.#from = middle(touches);
      this.#span = apart(touches);
    }
    this.#fingers = touches.length;
  }

  /** Fingers moved. Whether that meant something here. */
  move(touches: readonly Place[]): boolean {
    if (this.#from === null || this.#dragging || touches.length > 2) return false;
    if (touches.length === 2 && this.#pinched(touches)) return true;
    const at = middle(touches);
    const by = { x: at.clientX - this.#from.clientX, y: at.clientY - this.#from.clientY };
    if (!this.#moved && Math.hypot(by.x, by.y) < TREMBLE) return false;
    this.#moved = true;
    if (this.#pinching) return true;
    this.#from = at;
    this.#meaning.push(by, at, touches.length);
    return true;
  }

  #pinched(touches: readonly Place[]): boolean {
    const span = apart(touches);
    const ratio = this.#span > 0 ? span / this.#span : 1;
    if (ratio < PINCH_STEP && ratio > 1 / PINCH_STEP) return this.#pinching;
    if (this.#moved && !this.#pinching) return false;
    this.#pinching = true;
    this.#moved = true;
    this.#span = span;
    this.#meaning.pinch(ratio > 1 ? 1 : -1, middle(touches));
    return true;
  }
}
