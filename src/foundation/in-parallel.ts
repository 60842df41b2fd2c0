/** Runs an action on each item, in order, a limited number at a time, so that they share the time that each waits. */
export async function inParallel<Item>(
  items: Iterable<Item>,
  atOnce: number,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const takeTurns = async () => {
    for (let next = rest.next(); !next.done; next = rest.next()) await action(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
}
