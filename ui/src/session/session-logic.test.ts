import { describe, expect, it } from 'vitest';
import { adviceFor, isOrderly } from './advice';
import { delayBefore, isFinal } from './backoff';
import { remoteSize, scaleFor } from './viewport';

describe('viewport', () => {
  it('asks for device pixels within the limits of the gateway', () => {
    expect(remoteSize({ width: 390, height: 700.5 }, 3)).toEqual({ width: 1170, height: 2101 });
    expect(remoteSize({ width: 10, height: 9000 }, 1)).toEqual({ width: 64, height: 8192 });
  });

  it('shows a screen of the right size pixel by pixel', () => {
    expect(scaleFor('fit', { width: 2560, height: 1440 }, { width: 1280, height: 720 }, 2)).toBe(0.5);
    expect(scaleFor('fit', { width: 1279, height: 719 }, { width: 1279.5, height: 719.5 }, 1)).toBe(1);
  });

  it('shrinks a large screen, and enlarges a small one to CSS pixels only', () => {
    expect(scaleFor('fit', { width: 2560, height: 720 }, { width: 1280, height: 720 }, 1)).toBe(0.5);
    expect(scaleFor('fit', { width: 640, height: 360 }, { width: 1280, height: 720 }, 1)).toBe(1);
    expect(scaleFor('actual', { width: 2560, height: 720 }, { width: 1280, height: 720 }, 1)).toBe(1);
  });
});

describe('endings', () => {
  it('tells failures from orderly ends, and always has advice', () => {
    expect([0x020a, 0x020b, 0x0301].map(isOrderly)).toEqual([true, true, false]);
    expect(adviceFor(0x0301)).toBe('advice.login');
    expect(adviceFor(12345)).toBe('advice.internal');
  });

  it('calls again after a lost network or a restart, not after a refusal', () => {
    expect([1006, 1001, 1011, 1012].map(isFinal)).toEqual([false, false, false, false]);
    expect([1000, 1008, 4001].map(isFinal)).toEqual([true, true, true]);
    expect([0, 1, 9].map(delayBefore)).toEqual([500, 1000, 5000]);
  });
});
