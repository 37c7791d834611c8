/** Arrow keys, Home and End move the focus among an element's `[data-row]`s. */
export function rowKeys(list: HTMLElement): { destroy(): void } {
  const onKey = (event: KeyboardEvent): void => {
    const rows = [...list.querySelectorAll<HTMLElement>('[data-row]')];
    const at = rows.findIndex((row) => row === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    rows[Math.max(0, Math.min(rows.length - 1, to))]?.focus();
  };
  list.addEventListener('keydown', onKey);
  return { destroy: () => list.removeEventListener('keydown', onKey) };
}
