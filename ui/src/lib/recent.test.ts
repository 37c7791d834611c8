import { beforeEach, describe, expect, it } from 'vitest';
import { forget, recents, remember } from './recent';

const entry = (title: string) => ({ driver: 'shell', title, values: { hostname: title }, at: 1 });

describe('recent targets', () => {
  beforeEach(() => localStorage.clear());

  it('keeps the newest first, once each, and at most twelve', () => {
    for (let i = 0; i < 14; i += 1) remember(entry(`h${i}`));
    remember(entry('h5'));
    expect(recents().length).toBe(12);
    expect(recents()[0]?.title).toBe('h5');
    expect(recents().filter((one) => one.title === 'h5').length).toBe(1);
    expect(forget(entry('h5')).length).toBe(11);
  });

  it('survives nonsense in storage', () => {
    localStorage.setItem('fanlight.recent', '{"a":1}');
    expect(recents()).toEqual([]);
    localStorage.setItem('fanlight.recent', '[1,null,{"driver":"x"}]');
    expect(recents()).toEqual([]);
    localStorage.setItem('fanlight.recent', 'nope');
    expect(recents()).toEqual([]);
  });
});
