import { describe, expect, it } from 'vitest';
import { en } from './en';
import { translations, usable } from './index';

/** So much of a language is there at least; the rest is said in English until it is translated. */
const LEAST_SHARE = 0.5;

const report = (what: string, keys: readonly string[]): void => void (keys.length > 0 && console.info(`${what}: ${keys.join(', ')}`));

describe.each(Object.keys(translations))('%s', (language) => {
  it('has most of what English has, and says what it lacks', async () => {
    const words = (await translations[language]!()).default;
    const fitting = usable(words);
    report(`${language} lacks`, Object.keys(en).filter((key) => !(key in words)));
    report(`${language} has what no longer fits`, Object.keys(words).filter((key) => !(key in fitting)));
    expect(Object.keys(fitting).length / Object.keys(en).length).toBeGreaterThan(LEAST_SHARE);
  });
});

describe('a translation', () => {
  it('gives way to English where the two no longer fit together', () => {
    const old = { 'app.retry': 'Nochmal', 'no.such.key': 'Weg', 'app.copy': 'Kopiere {what}', 'session.live': 'Verbunden' };
    expect(usable(old)).toEqual({ 'app.retry': 'Nochmal', 'session.live': 'Verbunden' });
  });
});
