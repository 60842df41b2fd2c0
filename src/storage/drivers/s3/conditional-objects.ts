import type { ConditionalWrites } from "../../driver.js";
import type { ObjectContent } from "../../staging.js";
import { contentOf } from "./object-reader.js";
import type { S3Bucket } from "./s3-bucket.js";
import type { Condition } from "./stored-object.js";

/** Conditional writes of a store on which they hold, even if two clients race (`write-probe.ts`). */
export class ConditionalObjects implements ConditionalWrites {
  readonly #bucket: S3Bucket;

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  async writeIfAbsent(object: ObjectContent): Promise<boolean> {
    return (await this.write(object, { kind: "absent" })) !== undefined;
  }

  async writeIfVersion(object: ObjectContent, version: string): Promise<boolean> {
    return (await this.write(object, { kind: "version", etag: version })) !== undefined;
  }

  /**
   * If the answer to the first request is lost, the next one finds its own object in the way.
   * @returns the new version; `undefined` if it was not written
   */
  async write({ key, content }: ObjectContent, condition: Condition): Promise<string | undefined> {
    const { etag, attempts } = await this.#bucket.put(key, content, condition);
    return etag ?? (attempts > 1 ? this.#versionOf(key, content) : undefined);
  }

  /** The version of the object, if it has this content. */
  async #versionOf(key: string, content: Uint8Array): Promise<string | undefined> {
    const found = await this.#bucket.get(key);
    if (found === undefined) return undefined;
    if (found.size !== content.length) {
      found.body.destroy();
      return undefined;
    }
    return (await contentOf(found.body, content.length)).equals(content) ? found.etag : undefined;
  }
}
