/** Relative luminance (WCAG 2.2) of `#rrggbb`. */
export function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever reads better on `color`. */
export const textOn = (color: string): string => (luminance(color) > 0.179 ? '#000000' : '#ffffff');

/** Puts a site's accent in place of the built-in one; text keeps the theme's contrast. */
export function applyAccent(color: string | null): void {
  if (color === null || !/^#[0-9a-f]{6}$/i.test(color)) return;
  const tokens: Record<string, string> = {
    '--accent': color,
    '--accent-strong': `color-mix(in oklab, ${color}, ${textOn(color) === '#000000' ? 'white' : 'black'} 14%)`,
    '--accent-wash': `color-mix(in oklab, ${color} 16%, var(--surface))`,
    '--accent-text': 'var(--text)',
    '--on-accent': textOn(color),
  };
  for (const [name, value] of Object.entries(tokens)) document.documentElement.style.setProperty(name, value);
}
