import { describe, expect, it } from 'vitest';
import { luminance, textOn } from './accent';

describe('a site\u2019s accent', () => {
  it('carries text of at least AA contrast, whatever it is', () => {
    for (const color of ['#f2b84b', '#0b62c4', '#000000', '#ffffff', '#777777', '#e01b24', '#2ec27e']) {
      const [a, b] = [luminance(color), luminance(textOn(color))].sort((x, y) => y - x) as [number, number];
      expect((a + 0.05) / (b + 0.05), color).toBeGreaterThan(4.5);
    }
  });
});
