/** Counts requests for content that may be held in memory, and how many of them memory answered. */
export class MemoryAnswers {
  requests = 0;
  hits = 0;

  /** @returns the argument */
  note<Found>(found: Found | undefined): Found | undefined {
    this.requests++;
    if (found !== undefined) this.hits++;
    return found;
  }
}
