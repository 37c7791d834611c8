import { describe, expect, it } from 'vitest';
import { en } from './en';
import { translations } from './index';

/** So much of a language is there at least; the rest is said in English until it is translated. */
const LEAST_SHARE = 0.75;

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
/** A number may be left out where a language says it otherwise. */
const needed = (key: string, text: string): string[] => placeholders(text).filter((name) => !(key.endsWith('.one') && name === '{n}'));

describe.each(Object.keys(translations))('%s', (language) => {
  it('fills in what English does, and has most of it', async () => {
    const words: Record<string, string> = (await translations[language]!()).default;
    const missing = Object.keys(en).filter((key) => !(key in words));
    const stale = Object.keys(words).filter((key) => !(key in en));
    if (missing.length > 0) console.info(`${language} lacks: ${missing.join(', ')}`);
    if (stale.length > 0) console.info(`${language} has what English has not: ${stale.join(', ')}`);
    for (const [key, english] of Object.entries(en)) {
      const text = words[key];
      if (text !== undefined) expect([key, ...needed(key, text)]).toEqual([key, ...needed(key, english)]);
    }
    expect(1 - missing.length / Object.keys(en).length).toBeGreaterThan(LEAST_SHARE);
  });
});
