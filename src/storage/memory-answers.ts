/** How often content was asked for that may be held in memory, and how often it was. */
export class MemoryAnswers {
  requests = 0;
  hits = 0;

  /** @returns what was found */
  note<Found>(found: Found | undefined): Found | undefined {
    this.requests++;
    if (found !== undefined) this.hits++;
    return found;
  }
}
