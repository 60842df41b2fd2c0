import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** Sessions of the page that somebody ended by signing out: one object each, until the session would have ended. */
export class EndedSessionStore {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async has(id: string): Promise<boolean> {
    return (await this.#driver.stat(layout.endedSession(id))) !== undefined;
  }

  /** @param endsMs when it would have ended by itself, in milliseconds since 1970 */
  async add(id: string, endsMs: number): Promise<void> {
    await this.#driver.write({ key: layout.endedSession(id), content: Buffer.from(new Date(endsMs).toISOString()) });
    await this.#removeOld();
  }

  /** Few people sign out within half a day, so there is no task of its own for this. */
  async #removeOld(now = Date.now()): Promise<void> {
    for (const id of await this.#driver.list(layout.endedSessions)) {
      const content = await this.#driver.read(layout.endedSession(id));
      if (content !== undefined && Date.parse(content.toString()) < now)
        await this.#driver.remove(layout.endedSession(id));
    }
  }
}
