import type { AccessTokenRecord } from "../oci/access-token-record.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** Access tokens as JSON, one object each, with the time of last use in another object. */
export class AccessTokenStore {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async read(id: string): Promise<AccessTokenRecord | undefined> {
    const content = await this.#driver.read(layout.accessToken(id));
    // Only `write` stores objects there.
    return content === undefined ? undefined : (JSON.parse(content.toString()) as AccessTokenRecord);
  }

  async write(token: AccessTokenRecord): Promise<void> {
    await this.#driver.write({ key: layout.accessToken(token.id), content: Buffer.from(JSON.stringify(token)) });
  }

  /** @returns whether there was such a token */
  async remove(id: string): Promise<boolean> {
    const isThere = (await this.#driver.stat(layout.accessToken(id))) !== undefined;
    await this.#driver.remove(layout.accessTokenFolder(id));
    return isThere;
  }

  async list(): Promise<readonly AccessTokenRecord[]> {
    const ids = await this.#driver.list(layout.accessTokens);
    const tokens = await Promise.all(ids.map((id) => this.read(id)));
    return tokens.filter((token) => token !== undefined);
  }

  /** Milliseconds since 1970. */
  async readLastUse(id: string): Promise<number | undefined> {
    const content = await this.#driver.read(layout.accessTokenUse(id));
    const usedMs = content === undefined ? Number.NaN : Date.parse(content.toString());
    return Number.isNaN(usedMs) ? undefined : usedMs;
  }

  async writeLastUse(id: string, usedMs: number): Promise<void> {
    const content = Buffer.from(new Date(usedMs).toISOString());
    await this.#driver.write({ key: layout.accessTokenUse(id), content });
  }
}
