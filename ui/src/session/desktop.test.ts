import { describe, expect, it } from 'vitest';
import { readPermits } from './permits';
import { shownAt } from './pointer';
import { Gestures } from './touch';

const finger = (x: number, y: number) => ({ clientX: x, clientY: y });

describe('what a session permits', () => {
  it('is what the gateway names, and nothing else', () => {
    const told = readPermits(['copy', 'input', 'something-new']);
    expect(told).toEqual({ resize: false, copy: true, paste: false, input: true, download: false, upload: false });
  });
});

describe('the remote pointer', () => {
  const arrow = { width: 32, height: 32, x: 5, y: 3 };

  it('has a device pixel for each of its own where the screen has', () => {
    expect(shownAt(arrow, 1, 1)).toEqual({ width: 32, height: 32, x: 5, y: 3 });
    expect(shownAt(arrow, 0.5, 2)).toMatchObject({ width: 32, height: 32 });
  });

  it('shrinks and grows with the screen, and points with the same pixel', () => {
    expect(shownAt(arrow, 0.5, 1)).toEqual({ width: 16, height: 16, x: 2, y: 1 });
    expect(shownAt({ ...arrow, x: 31, y: 31 }, 3, 1)).toEqual({ width: 96, height: 96, x: 94, y: 94 });
    expect(shownAt({ width: 1, height: 1, x: 0, y: 0 }, 0.1, 1)).toEqual({ width: 1, height: 1, x: 0, y: 0 });
  });
});

describe('fingers on a desktop', () => {
  it('push in both directions, and pinch around their middle', () => {
    const meant: unknown[] = [];
    const gestures = new Gestures({ push: (by, _, fingers) => meant.push([by, fingers]), pinch: (step, at) => meant.push([step, at]) });
    gestures.change([finger(100, 100)], 0);
    gestures.move([finger(80, 130)]);
    gestures.change([], 10);
    gestures.change([finger(100, 100), finger(200, 100)], 2000);
    gestures.move([finger(90, 100), finger(210, 100)]);
    expect(meant).toEqual([
      [{ x: -20, y: 30 }, 1],
      [1, { clientX: 150, clientY: 100 }],
    ]);
  });
});
