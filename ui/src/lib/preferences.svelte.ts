export type Theme = 'system' | 'light' | 'dark';
export type Touch = 'direct' | 'pad';

const read = (key: string): string | null => {
  try {
    return localStorage.getItem(`fanlight.${key}`);
  } catch {
    return null;
  }
};

const write = (key: string, value: string): void => {
  try {
    localStorage.setItem(`fanlight.${key}`, value);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
};

function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

const known = <T extends string>(value: string | null, values: readonly T[], otherwise: T): T =>
  values.find((one) => one === value) ?? otherwise;

/** What this person chose in this browser. */
class Preferences {
  #theme = $state<Theme>(known(read('theme'), ['system', 'light', 'dark'], 'system'));
  #clipboard = $state(read('clipboard') !== 'off');
  #touch = $state<Touch>(known(read('touch'), ['direct', 'pad'], 'direct'));
  #copyOnSelect = $state(read('copy-on-select') !== 'off');
  #readAloud = $state(read('read-aloud') === 'on');
  #points = $state<number | null>(Number(read('terminal.points')) || null);
  #scheme = $state<string | null>(read('terminal.scheme') || null);

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    write('theme', theme);
    applyTheme(theme);
  }

  /** Whether sessions share the clipboard without asking. */
  get clipboard(): boolean {
    return this.#clipboard;
  }

  set clipboard(on: boolean) {
    this.#clipboard = on;
    write('clipboard', on ? 'on' : 'off');
  }

  get touch(): Touch {
    return this.#touch;
  }

  set touch(touch: Touch) {
    this.#touch = touch;
    write('touch', touch);
  }

  /** Whether selecting in a terminal copies, as on X11, or Ctrl-Shift-C does. */
  get copyOnSelect(): boolean {
    return this.#copyOnSelect;
  }

  set copyOnSelect(on: boolean) {
    this.#copyOnSelect = on;
    write('copy-on-select', on ? 'on' : 'off');
  }

  /** Whether terminals offer their text to screen readers. */
  get readAloud(): boolean {
    return this.#readAloud;
  }

  set readAloud(on: boolean) {
    this.#readAloud = on;
    write('read-aloud', on ? 'on' : 'off');
  }

  /** Size of a terminal's letters in points; `null`: as the connection is set up. */
  get points(): number | null {
    return this.#points;
  }

  set points(points: number | null) {
    this.#points = points;
    write('terminal.points', String(points ?? ''));
  }

  /** Colours of a terminal, in guacd's notation; `null`: as the connection is set up. */
  get scheme(): string | null {
    return this.#scheme;
  }

  set scheme(scheme: string | null) {
    this.#scheme = scheme;
    write('terminal.scheme', scheme ?? '');
  }
}

export const preferences = new Preferences();
