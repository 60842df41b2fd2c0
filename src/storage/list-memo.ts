/** How long what other processes change may stay unseen. */
const rememberedForMs = 5_000;

/** Remembers for a moment what was made of a list, as long as that is the same array. */
export class ListMemo<Item, Result> {
  #known: { readonly list: readonly Item[]; readonly result: Result; readonly until: number } | undefined;

  async of(list: readonly Item[], make: () => Promise<Result>): Promise<Result> {
    const known = this.#known;
    if (known !== undefined && known.list === list && performance.now() < known.until) return known.result;
    const result = await make();
    this.#known = { list, result, until: performance.now() + rememberedForMs };
    return result;
  }
}
