/**
 * The items of a source with an answer to each, in order. While the caller looks at one, the answers of the next ones are
 * on their way already, at most so many.
 */
export async function* answeredAhead<Item, Answer>(
  source: AsyncIterable<Item>,
  atOnce: number,
  ask: (item: Item) => Promise<Answer>,
): AsyncIterable<{ readonly item: Item; readonly answer: Answer }> {
  const items = source[Symbol.asyncIterator]();
  const answered = async (coming: Promise<IteratorResult<Item>>) => {
    const next = await coming;
    return next.done ? undefined : { item: next.value, answer: await ask(next.value) };
  };
  const begun: ReturnType<typeof answered>[] = [];
  try {
    for (;;) {
      while (begun.length < atOnce) {
        const next = answered(items.next());
        // Its failure is thrown when it is its turn.
        next.catch(() => {});
        begun.push(next);
      }
      const first = await begun.shift();
      if (first === undefined) return;
      yield first;
    }
  } finally {
    // If the caller stops early, the source closes what it has open.
    await items.return?.();
  }
}
