const BACKSPACE = 0xff08;
const RETURN = 0xff0d;
const UNICODE = 0x01000000;

/** The X11 keysym that types a character. */
export function keysymOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x0a || code === 0x0d) return RETURN;
  const latin = (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xff);
  return latin ? code : UNICODE | code;
}

/** What turns `before` into `after` at the end of a line: characters to erase, text to type. */
export function edit(before: string, after: string): { erase: number; type: string } {
  const [old, now] = [[...before], [...after]];
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) same += 1;
  return { erase: old.length - same, type: now.slice(same).join('') };
}

/**
 * Text that comes otherwise than by keys: composed by an input method or dead keys, or
 * put in by a phone's keyboard or a picker of characters. The Guacamole library's own way
 * goes deaf to pickers after the first composition, so its events are kept from it.
 */
export class Typing {
  #press: (keysym: number) => void;
  #field: HTMLTextAreaElement;
  /** Phones compose whole words: they are typed as they grow, so that one sees them. */
  #live: boolean;
  #typed = '';

  constructor(field: HTMLTextAreaElement, live: boolean, press: (keysym: number) => void) {
    this.#field = field;
    this.#live = live;
    this.#press = press;
  }

  /** Listens at an ancestor of the field, ahead of everybody else. */
  listen(host: HTMLElement): void {
    const first = (type: string, handle: (event: Event) => void): void =>
      host.addEventListener(type, (event) => event.target === this.#field && (event.stopPropagation(), handle(event)), true);
    first('compositionstart', () => (this.#typed = ''));
    first('compositionupdate', (event) => this.#live && this.#follow((event as CompositionEvent).data));
    first('compositionend', (event) => this.#finish((event as CompositionEvent).data));
    first('input', (event) => this.#input(event as InputEvent));
  }

  #follow(text: string): void {
    const { erase, type } = edit(this.#typed, text);
    for (let i = 0; i < erase; i += 1) this.#press(BACKSPACE);
    for (const character of type) this.#press(keysymOf(character));
    this.#typed = text;
  }

  #finish(text: string): void {
    this.#follow(text);
    this.#typed = '';
    this.#field.value = '';
  }

  #input(event: InputEvent): void {
    if (event.isComposing) return;
    if (event.inputType === 'deleteContentBackward') this.#press(BACKSPACE);
    else if (event.inputType === 'insertLineBreak') this.#press(RETURN);
    else if (event.inputType !== 'insertCompositionText') for (const character of event.data ?? '') this.#press(keysymOf(character));
    this.#field.value = '';
  }
}
