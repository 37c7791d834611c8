import type { Client } from '@glokon/guacamole-common-js';
import { remoteSize, scaleFor, type Size } from './viewport';

const RESIZE_SETTLES_MS = 250;

/** The remote screen in its box: which client draws it, how large, and at what scale. */
export class Picture {
  mode = $state<'fit' | 'actual'>('fit');
  /** Called with the size that the window has come to want. */
  onwish: (size: Size) => void = () => {};
  #box: HTMLElement | null = null;
  #client: Client | null = null;
  #wished: Size = { width: 0, height: 0 };
  #settle: ReturnType<typeof setTimeout> | undefined;

  /** Lives in `box` until the function that it returns is called. */
  open(box: HTMLElement): () => void {
    this.#box = box;
    const observer = new ResizeObserver(() => this.follow());
    observer.observe(box);
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

  set(mode: 'fit' | 'actual'): void {
    this.mode = mode;
    this.scale();
  }

  scale(): void {
    const display = this.#client?.getDisplay();
    if (!display) return;
    const remote = { width: display.getWidth(), height: display.getHeight() };
    const scale = scaleFor(this.mode, remote, this.#space(), this.#ratio());
    display.scale(scale);
    this.#place(display.getElement(), { width: remote.width * scale, height: remote.height * scale });
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
      const before = this.#wished;
      const size = remoteSize(this.#space(), this.#ratio());
      if (size.width !== before.width || size.height !== before.height) this.onwish(size);
    }, RESIZE_SETTLES_MS);
  }

  /** Wishes for the size of this window again, where another one has changed it since. */
  reclaim(): void {
    const display = this.#client?.getDisplay();
    if (!display) return;
    const size = remoteSize(this.#space(), this.#ratio());
    if (display.getWidth() !== size.width || display.getHeight() !== size.height) this.onwish(size);
  }

  #ratio(): number {
    return window.devicePixelRatio || 1;
  }

  #space(): Size {
    return { width: this.#box?.clientWidth ?? window.innerWidth, height: this.#box?.clientHeight ?? window.innerHeight };
  }
}
