import { ArrayBufferReader, InputStream, OutputStream, type Client } from '@glokon/guacamole-common-js';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { preferences } from '../lib/preferences.svelte';
import { Arguments } from './arguments';
import { applyText, newsIn } from './screen-text';
import { offsetAt, thumbOf } from './scrollbar';
import { hasSeveralLines, pastes, shortcutOf } from './shortcuts';
import { TerminalControls } from './terminal.svelte';
import { Gestures } from './touch';
import { edit, keysymOf } from './typing';

/** A session whose engine says what the test says, and remembers what it was told. */
class Engine {
  told: [name: string, value: string][] = [];
  readonly controls: TerminalControls;
  #client: Client;

  constructor() {
    const open = new Map<number, InputStream>();
    this.#client = {
      createArgumentValueStream: (_: string, name: string) => {
        const index = open.size;
        const stream = new InputStream(this.#client, index);
        const reader = new ArrayBufferReader(stream);
        let text = '';
        reader.ondata = (part) => (text += new TextDecoder().decode(part));
        reader.onend = () => this.told.push([name, text]);
        open.set(index, stream);
        return new OutputStream(this.#client, index);
      },
      sendBlob: (index: number, data: string) => open.get(index)?.onblob?.(data),
      endStream: (index: number) => open.get(index)?.onend?.(),
    } as unknown as Client;
    const args = new Arguments();
    args.attach(this.#client);
    this.controls = new TerminalControls(args);
  }

  says(name: string, value: string): void {
    const stream = new InputStream(this.#client, 99);
    this.#client.onargv?.(stream, 'text/plain', name);
    stream.onblob?.(btoa(String.fromCharCode(...new TextEncoder().encode(value))));
    stream.onend?.();
  }
}

describe('a terminal’s controls', () => {
  let engine: Engine;
  beforeEach(() => {
    preferences.points = null;
    preferences.scheme = null;
    engine = new Engine();
  });

  it('offer only what the engine announced', () => {
    const { controls } = engine;
    expect([controls.present, controls.searchable, controls.readable, controls.scrollback]).toEqual([false, false, false, null]);
    controls.zoom(1);
    controls.scrollTo(3);
    controls.read(true);
    expect(engine.told).toEqual([]);
    engine.says('font-size', '12');
    engine.says('search', '{"count":0,"current":0}');
    expect([controls.present, controls.searchable, controls.readable]).toEqual([true, true, false]);
  });

  it('change the size of the letters, and remember it for the next terminal', () => {
    engine.says('font-size', '12');
    engine.controls.zoom(1);
    engine.controls.zoom(1);
    const next = new Engine();
    next.says('font-size', '10');
    next.controls.applyPreferences();
    next.controls.unzoom();
    expect(engine.told).toEqual([['font-size', '13'], ['font-size', '14']]);
    expect(next.told).toEqual([['font-size', '14'], ['font-size', '10']]);
    expect(preferences.points).toBeNull();
  });

  it('search, and tell which match of how many', () => {
    engine.says('search', '{"count":0,"current":0}');
    engine.controls.search({ text: 'ä', case: true, regex: false }, 'next');
    expect(engine.told).toEqual([['search', '{"text":"ä","case":true,"regex":false,"go":"next"}']]);
    engine.says('search', '{"count":7,"current":2}');
    expect(engine.controls.found).toEqual({ count: 7, current: 2 });
    engine.says('search', 'nonsense');
    expect(engine.controls.found).toBeNull();
  });

  it('scroll within the history only', () => {
    engine.says('scrollback', '{"offset":0,"history":100,"rows":25}');
    engine.controls.scrollTo(400);
    engine.controls.scrollTo(-5);
    engine.controls.scrollTo(0);
    expect(engine.told).toEqual([['scrollback', '100'], ['scrollback', '0']]);
    engine.says('scrollback', '{"offset":100,"history":120,"rows":25}');
    expect(engine.controls.scrollback).toEqual({ offset: 0, history: 120, rows: 25 });
  });

  it('open web and mail links only, and only for a click', () => {
    const opened = vi.spyOn(window, 'open').mockReturnValue(null);
    engine.says('open-link', 'https://fanlight.example/');
    engine.controls.clicked();
    engine.says('open-link', 'javascript:alert(1)');
    engine.says('open-link', 'file:///etc/passwd');
    expect(opened).not.toHaveBeenCalled();
    engine.says('open-link', 'https://fanlight.example/');
    engine.says('open-link', 'https://fanlight.example/again');
    expect(opened.mock.calls).toEqual([['https://fanlight.example/', '_blank', 'noopener,noreferrer']]);
  });
});

describe('keys of a terminal', () => {
  const held = { ctrl: false, shift: false, alt: false, meta: false };

  it('are the page’s where they are listed, and else the remote side’s', () => {
    const meaning = (text: string, more: Partial<typeof held>) => shortcutOf(text.codePointAt(0) ?? 0, { ...held, ...more });
    expect(meaning('F', { ctrl: true, shift: true })).toBe('search');
    expect(meaning('+', { ctrl: true, shift: true })).toBe('larger');
    expect(meaning('=', { ctrl: true })).toBe('larger');
    expect(meaning('-', { ctrl: true })).toBe('smaller');
    expect(meaning('0', { ctrl: true })).toBe('plain');
    expect(meaning('v', { meta: true })).toBe('paste');
    for (const key of ['f', 'c', 'v', 'w', 'r']) expect(meaning(key, { ctrl: true }), key).toBeNull();
    expect(meaning('_', { ctrl: true, shift: true })).toBeNull();
    expect(meaning('+', { ctrl: true, alt: true })).toBeNull();
  });

  it('paste with Shift: Ctrl-V alone belongs to the programs in it', () => {
    const v = 0x76;
    expect(pastes(v, { ...held, ctrl: true }, true)).toBe(false);
    expect(pastes(v, { ...held, ctrl: true }, false)).toBe(true);
    expect(pastes(v, { ...held, ctrl: true, shift: true }, true)).toBe(true);
    expect(pastes(0xff63, { ...held, shift: true }, true)).toBe(true);
  });

  it('ask before text that runs more than what is seen', () => {
    expect(['ls', 'ls\n', 'a\nb', 'a\r\nb\r\n', ''].map(hasSeveralLines)).toEqual([false, false, true, true, false]);
  });
});

describe('typing without keys', () => {
  it('makes keysyms of any character', () => {
    expect(['a', 'é', '€', '日', '😀', '\n'].map(keysymOf)).toEqual([0x61, 0xe9, 0x10020ac, 0x10065e5, 0x101f600, 0xff0d]);
  });

  it('follows a word that a phone composes', () => {
    expect(edit('hel', 'hell')).toEqual({ erase: 0, type: 'l' });
    expect(edit('teh', 'the')).toEqual({ erase: 2, type: 'he' });
    expect(edit('😀', '')).toEqual({ erase: 1, type: '' });
  });
});

describe('the scrollbar', () => {
  it('is where the view is, and leads where it is put', () => {
    const scrollback = { offset: 50, history: 100, rows: 25 };
    const { top, height } = thumbOf(scrollback, 500);
    expect([top, height]).toEqual([200, 100]);
    expect([0, 200, 400, 900].map((at) => offsetAt(scrollback, 500, height, at))).toEqual([100, 50, 0, 0]);
    expect(thumbOf({ offset: 0, history: 100_000, rows: 25 }, 500)).toEqual({ top: 472, height: 28 });
  });
});

describe('what is read out', () => {
  it('is what is new, also when the screen scrolled', () => {
    expect(newsIn(['$ l', ''], ['$ ls', ''])).toBe('$ ls');
    expect(newsIn(['a', 'b', 'c', '$ x'], ['c', '$ xy', 'new', '$'])).toBe('$ xy\nnew\n$');
    expect(newsIn(['a', 'b', 'c', 'd'], ['c', 'd', 'e', 'f'])).toBe('e\nf');
    expect(newsIn(['a'], ['a'])).toBe('');
  });

  it('is told as whole screens, then as rows', () => {
    const whole = applyText([], '{"rows":["$ ls",""]}');
    expect(applyText(whole ?? [], '{"changed":[[1,"a b"],[2,"$"]]}')).toEqual(['$ ls', 'a b', '$']);
    expect(applyText([], 'off')).toBeNull();
  });
});

describe('fingers', () => {
  const at = (...ys: number[]) => ys.map((y, i) => ({ clientX: i * 10, clientY: y }));

  it('push the picture, and pinch it, and do neither when they drag', () => {
    const meant: string[] = [];
    const gestures = new Gestures({ push: ({ y }) => meant.push(`push ${y}`), pinch: (step) => meant.push(`pinch ${step}`) });
    gestures.change(at(100), 0);
    gestures.move(at(105));
    gestures.move(at(130));
    gestures.change([], 10);
    gestures.change(at(0, 100), 2000);
    gestures.move(at(-10, 110));
    gestures.move(at(0, 100));
    gestures.change([], 2100);
    gestures.change(at(50), 3000);
    gestures.change([], 3010);
    gestures.change(at(50), 3100);
    gestures.move(at(200));
    expect(meant).toEqual(['push 30', 'pinch 1', 'pinch -1']);
  });
});
