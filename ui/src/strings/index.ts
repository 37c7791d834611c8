import { en } from './en';

export type StringKey = keyof typeof en;
export type Catalogue = Readonly<Record<StringKey, string>>;
type Values = Record<string, string | number>;

/** One catalogue for each language; English is complete and stands in for any other. */
const catalogues: Record<string, Catalogue> = { en };

function preferred(): string {
  const wanted = navigator.languages.map((tag) => tag.toLowerCase().split('-')[0] ?? '');
  return wanted.find((language) => language in catalogues) ?? 'en';
}

export const language = preferred();
const catalogue = catalogues[language] ?? en;
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
