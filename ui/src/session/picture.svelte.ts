import type { Client } from '@glokon/guacamole-common-js';
import type { Place } from './pointer';
import { remoteSize, scaleFor, type Size } from './viewport';

const RESIZE_SETTLES_MS = 250;
const MOST_ZOOM = 4;
/** Enlargement by one step of a pinch. */
const ZOOM_STEP = 1.12;

/**
 * How a remote screen and the window come together: `resize` makes the screen as large as the
 * window, `fit` shows all of the screen as it is, `actual` shows it pixel by pixel and scrolls.
 */
export type Mode = 'resize' | 'fit' | 'actual';

/** The remote screen in its box: which client draws it, how large, and at what scale. */
export class Picture {
  /** Whether the remote screen can follow the window. */
  resizable = $state(true);
  /** Whether it is larger than its box, which scrolls then. */
  scrolls = $state(false);
  /** Called with the size that the window has come to want. */
  onwish: (size: Size) => void = () => {};
  /** Called when the picture has come to another scale. */
  onscale: () => void = () => {};
  #wanted = $state<Mode>('resize');
  #zoom = 1;
  #box: HTMLElement | null = null;
  #client: Client | null = null;
  #wished: Size = { width: 0, height: 0 };
  #settle: ReturnType<typeof setTimeout> | undefined;

  get mode(): Mode {
    return this.#wanted === 'resize' && !this.resizable ? 'fit' : this.#wanted;
  }

  /** Lives in `box` until the function that it returns is called. */
  open(box: HTMLElement): () => void {
    this.#box = box;
    const observer = new ResizeObserver(() => this.follow());
    observer.observe(box, { box: 'border-box' });
    const density = this.#watchDensity();
    return () => {
      density();
      observer.disconnect();
      clearTimeout(this.#settle);
    };
  }

  /** The size that fills the box now, and from here on counts as asked for. */
  ask(): Size {
    this.#wished = remoteSize(this.#space(), this.#ratio());
    return this.#wished;
  }

  /** What is drawn now, without the cursor; `null` before the first frame. */
  get canvas(): HTMLCanvasElement | null {
    return this.#client?.getDisplay().getDefaultLayer().getCanvas() ?? null;
  }

  shows(client: Client): boolean {
    return this.#client === client;
  }

  /** Puts a client's display in place of the one before. */
  show(client: Client): void {
    this.#client = client;
    this.#box?.replaceChildren(client.getDisplay().getElement());
    this.follow();
  }

  set(mode: Mode): void {
    this.#wanted = mode;
    this.#zoom = 1;
    this.scale();
    this.reclaim();
  }

  /** Enlarges or shrinks by so many steps of a pinch around a place, never to less than the mode shows. */
  zoom(steps: number, around: Place): void {
    const [box, element] = [this.#box, this.#client?.getDisplay().getElement()];
    if (!box || !element) return;
    const before = element.getBoundingClientRect();
    this.#zoom = Math.min(MOST_ZOOM, Math.max(1, this.#zoom * ZOOM_STEP ** steps));
    this.scale();
    const after = element.getBoundingClientRect();
    const grown = before.width > 0 ? after.width / before.width : 1;
    // What was under the fingers stays under them.
    box.scrollLeft += after.left + (around.clientX - before.left) * grown - around.clientX;
    box.scrollTop += after.top + (around.clientY - before.top) * grown - around.clientY;
  }

  /** Pushes the picture by so many CSS pixels, where it is larger than its box. */
  push(x: number, y: number): void {
    this.#box?.scrollBy(-x, -y);
  }

  scale(): void {
    const display = this.#client?.getDisplay();
    if (!display) return;
    const remote = { width: display.getWidth(), height: display.getHeight() };
    const mode = this.mode === 'actual' ? 'actual' : 'fit';
    const scale = scaleFor(mode, remote, this.#space(), this.#ratio()) * this.#zoom;
    display.scale(scale);
    const size = { width: remote.width * scale, height: remote.height * scale };
    const space = this.#space();
    // By less than a pixel it is larger only because sizes are whole numbers.
    this.scrolls = size.width >= space.width + 1 || size.height >= space.height + 1;
    this.#place(display.getElement(), size);
    this.onscale();
  }

  /** In the middle, but where pixels of the screen begin: half a pixel beside would blur it. */
  #place(element: HTMLElement, size: Size): void {
    const [space, ratio] = [this.#space(), this.#ratio()];
    const before = (room: number): string => `${Math.max(0, Math.floor((room / 2) * ratio) / ratio)}px`;
    element.style.margin = '0';
    element.style.marginLeft = before(space.width - size.width);
    element.style.marginTop = before(space.height - size.height);
  }

  /** A window that comes to a screen of another density has other pixels to fill. */
  #watchDensity(): () => void {
    let query: MediaQueryList;
    const changed = (): void => {
      listen();
      this.follow();
    };
    const listen = (): void => {
      query = matchMedia(`(resolution: ${this.#ratio()}dppx)`);
      query.addEventListener('change', changed, { once: true });
    };
    listen();
    return () => query.removeEventListener('change', changed);
  }

  /** Scales at once, and wishes for the new size when the window has settled. */
  follow(): void {
    this.scale();
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => {
      if (this.mode !== 'resize') return;
      const before = this.#wished;
      const size = remoteSize(this.#space(), this.#ratio());
      if (size.width !== before.width || size.height !== before.height) this.onwish(size);
    }, RESIZE_SETTLES_MS);
  }

  /** Wishes for the size of this window again, where another one has changed it since. */
  reclaim(): void {
    const display = this.#client?.getDisplay();
    if (!display || this.mode !== 'resize') return;
    const size = remoteSize(this.#space(), this.#ratio());
    if (display.getWidth() !== size.width || display.getHeight() !== size.height) this.onwish(size);
  }

  #ratio(): number {
    return window.devicePixelRatio || 1;
  }

  /** With the room that scroll bars take: else they would come and go by themselves. */
  #space(): Size {
    return { width: this.#box?.offsetWidth ?? window.innerWidth, height: this.#box?.offsetHeight ?? window.innerHeight };
  }
}
