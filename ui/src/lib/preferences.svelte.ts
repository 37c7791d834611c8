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
}

export const preferences = new Preferences();
