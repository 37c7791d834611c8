import { ago } from '../../lib/time';
import { language } from '../../strings';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
const FORMATS = UNITS.map((unit, i) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: i === 0 ? 'narrow' : 'short', maximumSignificantDigits: 3 }));

/** A number of bytes for people: `1.2 MB`, by thousands as file managers count. */
export function sizeText(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return (FORMATS[power] as Intl.NumberFormat).format(bytes / 1000 ** power);
}

const DAYS_AGO_MS = 7 * 86_400_000;
const date = new Intl.DateTimeFormat(language, { year: 'numeric', month: 'short', day: 'numeric' });

/** When a file changed: lately by how long ago, else by its date. */
export const changedText = (time: Date): string => (Date.now() - time.getTime() < DAYS_AGO_MS ? ago(time.getTime()) : date.format(time));
