/** Runs an action on each item, in order, a limited number at a time. */
export async function inParallel<Item>(
  items: readonly Item[],
  atOnce: number,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const workers = Array.from({ length: atOnce }, async () => {
    for (const item of rest) await action(item);
  });
  await Promise.all(workers);
}
