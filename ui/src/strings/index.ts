import { en } from './en';

export type StringKey = keyof typeof en;
export type Catalogue = Readonly<Record<StringKey, string>>;
type Values = Record<string, string | number>;

/** What another language has; English stands in for the rest. `languages.test.ts` says what that is. */
export type Translation = Readonly<Record<string, string>>;

/** Each is loaded only where it is wanted. */
export const translations: Readonly<Record<string, () => Promise<{ default: Translation }>>> = {
  de: () => import('./de'),
  ja: () => import('./ja'),
};

function preferred(): string {
  const wanted = navigator.languages.map((tag) => tag.toLowerCase().split('-')[0] ?? '');
  return wanted.find((language) => language === 'en' || language in translations) ?? 'en';
}

export const language = preferred();
let catalogue: Catalogue = en;

const placeholders = (text: string): string[] => text.match(/\{\w+\}/g) ?? [];

/** What of a translation still fits: English may have changed since, and then stands in for it. */
export function usable(words: Translation): Partial<Catalogue> {
  const fits = ([key, text]: [string, string]): boolean => {
    const english = key in en ? placeholders(en[key as StringKey]) : null;
    return english !== null && placeholders(text).every((name) => english.includes(name));
  };
  return Object.fromEntries(Object.entries(words).filter(fits));
}

/** Brings the words of this person's language; without them everything is said in English. */
export async function loadWords(): Promise<void> {
  const words = await translations[language]?.().catch(() => null);
  if (words) catalogue = { ...en, ...usable(words.default) };
}

const plural = new Intl.PluralRules(language);

/** The string for `key`, its `{placeholders}` filled in. */
export function t(key: StringKey, values: Values = {}): string {
  return catalogue[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The string for a key that is made at run time, where there is one. */
export const words = (key: string): string | undefined => (key in catalogue ? catalogue[key as StringKey] : undefined);

type PluralKey = StringKey extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;

/** The string for a number: `key.one`, `key.other`. */
export function count(key: PluralKey, n: number): string {
  const form = `${key}.${plural.select(n)}`;
  return t((form in catalogue ? form : `${key}.other`) as StringKey, { n });
}

/** The parts of a string around one placeholder, for markup in between. */
export function around(key: StringKey, placeholder: string): [string, string] {
  const [before = '', after = ''] = catalogue[key].split(`{${placeholder}}`);
  return [before, after];
}
