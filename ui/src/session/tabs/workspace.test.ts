import { beforeEach, describe, expect, it } from 'vitest';
import type { SessionView } from '../view.svelte';
import { parseKept } from './kept';
import { addressOf, Workspace } from './workspace.svelte';

const space = (...ids: string[]): Workspace => {
  const made = new Workspace(() => ({}) as SessionView);
  for (const id of ids) made.show(id, null);
  return made;
};
const row = (of: Workspace): string => of.tabs.map((tab) => tab.id).join(' ');

beforeEach(() => sessionStorage.clear());

describe('sessions of a window', () => {
  it('change between watching and taking part in their place', () => {
    const two = space('a', 'b');
    two.show('a', null, true);
    expect([row(two), two.current?.watch]).toEqual(['a b', true]);
    const back = new Workspace(() => ({}) as SessionView);
    back.restore('a');
    expect(back.current?.watch).toBe(true);
    back.show('a', null);
    expect([row(back), back.current?.watch]).toEqual(['a b', false]);
  });

  it('stand in the order in which they were opened, the last one in front', () => {
    const three = space('a', 'b', 'c');
    expect([row(three), three.focused, three.paneOf('c'), three.paneOf('a')]).toEqual(['a b c', 'c', 0, null]);
    three.show('a', null);
    expect([row(three), three.focused]).toEqual(['a b c', 'a']);
  });

  it('stand side by side without changing places when the keyboard goes over', () => {
    const two = space('a', 'b');
    two.show('a', null);
    two.split();
    expect([two.paneOf('a'), two.paneOf('b')]).toEqual([0, 1]);
    two.show('b', null);
    expect([two.focused, two.paneOf('a'), two.paneOf('b')]).toEqual(['b', 0, 1]);
  });

  it('take the place of the pane that has the keyboard when they come into view', () => {
    const three = space('a', 'b', 'c');
    three.split();
    expect([three.paneOf('b'), three.paneOf('c')]).toEqual([0, 1]);
    three.show('a', null);
    expect([three.paneOf('b'), three.paneOf('a'), three.paneOf('c')]).toEqual([0, 1, null]);
  });

  it('leave the other pane alone in the window when one is closed', () => {
    const two = space('a', 'b');
    two.split();
    expect(two.close('b')?.id).toBe('a');
    expect([two.beside, two.paneOf('a')]).toEqual([null, 0]);
    expect(two.close('a')).toBeUndefined();
  });

  it('give way to their next, and at the end of the row to the one before', () => {
    const three = space('a', 'b', 'c');
    three.show('b', null);
    expect(three.close('b')?.id).toBe('c');
    expect(three.close('c')?.id).toBe('a');
  });

  it('come back in their place when they are opened anew', () => {
    const two = space('a', 'b');
    two.split();
    two.replace('b', 'd', null);
    expect([row(two), two.focused, two.paneOf('d')]).toEqual(['a d', 'd', 1]);
  });

  it('need two to be side by side', () => {
    const one = space('a');
    one.split();
    expect(one.beside).toBeNull();
  });

  it('survive a reload of the window, but not the opening of another session in it', () => {
    const two = space('a', 'b');
    two.split();
    const reloaded = space();
    reloaded.restore('b');
    expect([row(reloaded), reloaded.focused, reloaded.paneOf('a')]).toEqual(['a b', 'b', 0]);
    const other = space();
    other.restore('z');
    expect(row(other)).toBe('');
  });

  it('have addresses of their own', () => {
    expect(addressOf({ id: 'a', key: null, watch: false })).toBe('/client/a');
    expect(addressOf({ id: 'a', key: null, watch: true })).toBe('/client/a?watch=true');
    expect(addressOf({ id: 'a', key: 'k&', watch: false })).toBe('/client/a?key=k%26');
  });
});

describe('what a window keeps', () => {
  it('is nothing where it is not what was written', () => {
    for (const text of [null, '', '{', '7', '{"tabs":7,"beside":7}', '{"tabs":[7,{"id":7}]}']) {
      expect(parseKept(text)).toEqual({ tabs: [], beside: null });
    }
  });
});
