import { Position } from '@glokon/guacamole-common-js';

/** A point of the browser's window, in CSS pixels. */
export interface Place {
  clientX: number;
  clientY: number;
}

/** A remote pointer: its picture, and the pixel of it that points. */
export interface Cursor {
  canvas: HTMLCanvasElement;
  x: number;
  y: number;
}

/**
 * Where a place of the window is within `element`, in CSS pixels. The library adds up whole
 * numbers on the way through parents, which is off by some pixels where a screen is dense or
 * scrolled.
 */
export function within(element: Element, { clientX, clientY }: Place): Position {
  const box = element.getBoundingClientRect();
  const position = new Position();
  position.x = clientX - box.left;
  position.y = clientY - box.top;
  return position;
}

/** Where the pointer was last, by an event that knows parts of CSS pixels. */
let latest: Place | null = null;

const remember = ({ clientX, clientY }: PointerEvent): void => void (latest = { clientX, clientY });

/** Mouse events count in whole CSS pixels; the pointer event just before each one is finer. */
function finer(place: Place): Place {
  const same = latest && Math.abs(latest.clientX - place.clientX) < 1 && Math.abs(latest.clientY - place.clientY) < 1;
  return same && latest ? latest : place;
}

/** Makes all pointing devices of the library count so. */
export function pointExactly(): void {
  for (const type of ['pointermove', 'pointerdown', 'pointerup'] as const) window.addEventListener(type, remember, { capture: true });
  Position.fromClientPosition = (element, clientX, clientY) => within(element, finer({ clientX, clientY }));
}

/** How large a pointer of `size` remote pixels is shown, and where it points. */
export interface Shown {
  /** Device pixels of the picture. */
  width: number;
  height: number;
  /** CSS pixels from its corner. */
  x: number;
  y: number;
}

/** `scale`: CSS pixels for each remote pixel; `ratio`: device pixels for each CSS pixel. */
export function shownAt(cursor: { width: number; height: number; x: number; y: number }, scale: number, ratio: number): Shown {
  const pixels = (n: number): number => Math.max(1, Math.round(n * scale * ratio));
  const width = pixels(cursor.width);
  const height = pixels(cursor.height);
  // The middle of the pixel that points: browsers round down.
  const hot = (n: number, of: number, shown: number): number => Math.floor((((n + 0.5) / of) * shown) / ratio);
  return { width, height, x: hot(cursor.x, cursor.width, width), y: hot(cursor.y, cursor.height, height) };
}

function scaled(canvas: HTMLCanvasElement, width: number, height: number): HTMLCanvasElement {
  if (canvas.width === width && canvas.height === height) return canvas;
  const copy = document.createElement('canvas');
  copy.width = width;
  copy.height = height;
  copy.getContext('2d')?.drawImage(canvas, 0, 0, width, height);
  return copy;
}

/** The CSS cursor that shows a remote pointer as large as the screen around it. */
export function cssCursor(cursor: Cursor, scale: number, ratio: number): string {
  const { width, height } = cursor.canvas;
  if (width === 0 || height === 0) return 'none';
  const shown = shownAt({ width, height, x: cursor.x, y: cursor.y }, scale, ratio);
  const picture = scaled(cursor.canvas, shown.width, shown.height).toDataURL('image/png');
  return `image-set(url("${picture}") ${ratio}x) ${shown.x} ${shown.y}, default`;
}
