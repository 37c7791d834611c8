import { describe, expect, it } from 'vitest';
import { climb as climbAt, fallOff, spell, timeOf, type Rung } from './steps';

const NOW = 1_000_000;
const climb = (ladder: readonly Rung[], args: readonly string[]) => climbAt(ladder, args, NOW);

describe('climb', () => {
  it('adds a step, then updates it in place', () => {
    const first = climb([], ['0', 'running', '0', 'Connect to 10.0.0.5:22']);
    const done = climb(first, ['0', 'done', '12', 'Connect to 10.0.0.5:22']);
    expect(first).toEqual([{ name: 'Connect to 10.0.0.5:22', state: 'running', milliseconds: 0, since: NOW }]);
    expect(done).toEqual([{ name: 'Connect to 10.0.0.5:22', state: 'done', milliseconds: 12 }]);
    expect(climb(done, ['1', 'running', '', 'Log in'])[1]).toMatchObject({ name: 'Log in', state: 'running', milliseconds: null });
  });

  it('ignores what is malformed: it comes from another machine', () => {
    for (const args of [[], ['x', 'done', '1', 'a'], ['5', 'done', '1', 'a'], ['0', 'odd', '1', 'a'], ['-1', 'done', '1', 'a'], ['0', 'done', '1', '']]) {
      expect(climb([], args)).toEqual([]);
    }
  });

  it('goes on counting between two messages', () => {
    const [rung] = climb([], ['0', 'running', '30', 'a']);
    expect(rung && timeOf(rung, NOW + 500)).toBe(530);
  });

  it('marks what was under way as failed, with the time it took', () => {
    const ladder = climb([], ['0', 'running', '3', 'a']);
    expect(fallOff(ladder, NOW + 40)).toEqual([{ name: 'a', state: 'failed', milliseconds: 43 }]);
  });
});

describe('spell', () => {
  it('writes times as people read them', () => {
    expect([840, 2412, 65_000, 3_720_000].map(spell)).toEqual(['840 ms', '2.4 s', '1 min 5 s', '1 h 2 min']);
  });
});
