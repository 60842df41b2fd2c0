import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

/** The types that upstreams gave for manifests that do not declare their own. */
export class ManifestTypes {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async typeOf(name: RepositoryName, digest: Digest): Promise<string | undefined> {
    return (await this.#driver.read(layout.manifestTyped(name, digest)))?.toString();
  }

  async recordType(name: RepositoryName, digest: Digest, mediaType: string): Promise<void> {
    await this.#driver.write({ key: layout.manifestTyped(name, digest), content: Buffer.from(mediaType) });
  }

  async forgetType(name: RepositoryName, digest: Digest): Promise<void> {
    await this.#driver.remove(layout.manifestTyped(name, digest));
  }
}
