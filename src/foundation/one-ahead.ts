/** The items of a source; the next one is already asked for while the caller looks at one. */
export async function* oneAhead<Item>(source: AsyncIterable<Item>): AsyncIterable<Item> {
  const items = source[Symbol.asyncIterator]();
  try {
    let coming = items.next();
    for (let next = await coming; !next.done; next = await coming) {
      coming = items.next();
      // Its failure is thrown when it is its turn.
      coming.catch(() => {});
      yield next.value;
    }
  } finally {
    // If the caller stops early, the source closes what it has open.
    await items.return?.();
  }
}
