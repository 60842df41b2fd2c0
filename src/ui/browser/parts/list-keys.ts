/**
 * Arrow keys move between the rows of a list, beside the Tab key, which visits all their links. A row is what has a
 * `data-row` attribute; the focus goes to its first link.
 */
export function moveByArrow(event: KeyboardEvent): void {
  const step = steps[event.key];
  const { currentTarget: list, target } = event;
  if (
    step === undefined ||
    !(list instanceof Element) ||
    !(target instanceof Element) ||
    target.matches("input[type=search]")
  )
    return;
  const rows = [...list.querySelectorAll<HTMLElement>("[data-row]")];
  const here = rows.findIndex((row) => row.contains(target));
  const next = step(here, rows.length);
  const focusable = rows[Math.max(0, Math.min(rows.length - 1, next))]?.querySelector<HTMLElement>("a, button");
  if (!focusable) return;
  event.preventDefault();
  focusable.focus();
}

const steps: Readonly<Record<string, ((here: number, count: number) => number) | undefined>> = {
  ArrowDown: (here) => here + 1,
  ArrowUp: (here) => here - 1,
  Home: () => 0,
  End: (_, count) => count - 1,
};
