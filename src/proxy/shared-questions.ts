/** Runs each request once, however many callers want the result at the same time. */
export class SharedQuestions<Answer> {
  readonly #asked = new Map<string, Promise<Answer>>();

  ask(question: string, find: () => Promise<Answer>): Promise<Answer> {
    const asked = this.#asked.get(question);
    if (asked !== undefined) return asked;
    const answer = find().finally(() => this.#asked.delete(question));
    this.#asked.set(question, answer);
    return answer;
  }
}
