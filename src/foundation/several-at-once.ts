/** Does something to each item, several at a time, so that they share the time that each waits. */
export async function severalAtOnce<Item>(
  atOnce: number,
  items: Iterable<Item>,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const takeTurns = async () => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) await action(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
}
