import { describe, expect, it } from 'vitest';
import { clockOf, countUntil, framesOf, outline, segmentAt, sizeOf } from './frames';

describe('framesOf', () => {
  it('cuts at every sync and counts from the start', () => {
    const frames = framesOf('4.size,1.0,2.64,2.64;4.sync,4.1005;4.rect,1.0;4.sync,4.2000;4.half', 1000);
    expect(frames.map((frame) => [frame.at, frame.instructions.length])).toEqual([[5, 1], [1000, 1]]);
    expect(frames[0]?.instructions[0]).toEqual(['size', ['0', '64', '64']]);
  });
});

describe('finding a moment', () => {
  it('shows a frame from its own time on', () => {
    const frames = [0, 10, 10, 30].map((at) => ({ at, instructions: [] }));
    expect([-1, 0, 9, 10, 29, 99].map((at) => countUntil(frames, at))).toEqual([0, 1, 1, 3, 3, 4]);
  });

  it('enters at the last key frame before it', () => {
    const segments = [5, 60_000, 120_000].map((time_ms) => ({ time_ms, offset: 0 }));
    expect([0, 5, 59_999, 60_000, 999_999].map((at) => segmentAt(segments, at))).toEqual([0, 0, 0, 1, 2]);
  });
});

describe('what people read', () => {
  it('writes times and sizes', () => {
    expect([0, 61_000, 3_723_000].map(clockOf)).toEqual(['0:00', '1:01', '1:02:03']);
    expect([0, 999, 1234, 123_456, 5_000_000].map(sizeOf)).toEqual(['0 B', '999 B', '1.2 kB', '123 kB', '5.0 MB']);
  });

  it('draws a bar where something happened', () => {
    expect(outline([0, 100], 1000, 2000, 10, 8)).toBe('M5.0 8V0.0H9.0V8Z');
    expect(outline([], 1000, 0, 10, 8)).toBe('');
  });
});
