import type { StringKey } from '../strings';

/** Colours of a terminal: guacd's names, and others in its notation (`color-scheme` in its manual). */
export interface Scheme {
  name: StringKey;
  value: string;
  /** Foreground and background, to show it by. */
  colors: readonly [string, string];
}

const SOLARIZED =
  'color0:rgb:07/36/42;color1:rgb:dc/32/2f;color2:rgb:85/99/00;color3:rgb:b5/89/00;color4:rgb:26/8b/d2;color5:rgb:d3/36/82;color6:rgb:2a/a1/98;color7:rgb:ee/e8/d5;' +
  'color8:rgb:58/6e/75;color9:rgb:cb/4b/16;color10:rgb:58/6e/75;color11:rgb:65/7b/83;color12:rgb:83/94/96;color13:rgb:6c/71/c4;color14:rgb:93/a1/a1;color15:rgb:fd/f6/e3';
const NORD =
  'color0:rgb:3b/42/52;color1:rgb:bf/61/6a;color2:rgb:a3/be/8c;color3:rgb:eb/cb/8b;color4:rgb:81/a1/c1;color5:rgb:b4/8e/ad;color6:rgb:88/c0/d0;color7:rgb:e5/e9/f0;' +
  'color8:rgb:61/6e/88;color9:rgb:bf/61/6a;color10:rgb:a3/be/8c;color11:rgb:eb/cb/8b;color12:rgb:81/a1/c1;color13:rgb:b4/8e/ad;color14:rgb:8f/bc/bb;color15:rgb:ec/ef/f4';

export const SCHEMES: readonly Scheme[] = [
  { name: 'scheme.gray-black', value: 'gray-black', colors: ['#cccccc', '#000000'] },
  { name: 'scheme.white-black', value: 'white-black', colors: ['#ffffff', '#000000'] },
  { name: 'scheme.green-black', value: 'green-black', colors: ['#23d18b', '#000000'] },
  { name: 'scheme.nord', value: `foreground:rgb:d8/de/e9;background:rgb:2e/34/40;${NORD}`, colors: ['#d8dee9', '#2e3440'] },
  { name: 'scheme.solarized-dark', value: `foreground:rgb:93/a1/a1;background:rgb:00/2b/36;${SOLARIZED}`, colors: ['#93a1a1', '#002b36'] },
  { name: 'scheme.solarized-light', value: `foreground:rgb:58/6e/75;background:rgb:fd/f6/e3;${SOLARIZED}`, colors: ['#586e75', '#fdf6e3'] },
  { name: 'scheme.black-white', value: 'black-white', colors: ['#000000', '#ffffff'] },
];
