import { SingleFlight } from "../foundation/single-flight.js";
import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Storage } from "../storage/storage.js";
import type { Upstream } from "./upstream.js";
import { toRegistryError } from "./upstream-failure.js";
import { remoteNameOf } from "./upstream-names.js";

/*
 * A registry:2 that ran as a cache did not record what it had downloaded, and what clients had pushed before. Its
 * scheduler lists what is to expire, but forgets an entry after a week even if it may not delete the content
 * (proxyregistry.go, OnBlobExpire). So a repository is assigned to the upstream if the scheduler lists everything it
 * holds, or if the upstream confirms that it has everything. Pushed content is never assigned to the upstream, since it
 * could then be evicted.
 */

/** Repositories checked at the same time: they wait for the same disk, and are synced together. */
const atOnce = 64;

/** Assigns repositories to the upstream if registry:2's scheduler lists everything they hold. */
export async function adoptScheduled(storage: Storage, upstream: string, log: Logger): Promise<void> {
  const scheduled = [...((await storage.scheduler.read()) ?? [])];
  let repositories = 0;
  for (let start = 0; start < scheduled.length; start += atOnce) {
    const adopting = scheduled.slice(start, start + atOnce).map(async ([name, digests]) => {
      if (!(await isScheduledWhole(storage, name, digests))) return;
      await storage.owners.recordOwner(name, upstream);
      repositories += 1;
    });
    await Promise.all(adopting);
  }
  if (repositories > 0) log.info("the cache of registry:2 was taken over", { upstream, repositories });
}

/** Whether the repository has no recorded owner, and the scheduler lists everything it holds. */
async function isScheduledWhole(
  storage: Storage,
  name: RepositoryName,
  digests: ReadonlySet<Digest>,
): Promise<boolean> {
  if ((await storage.owners.ownerOf(name)) !== undefined) return false;
  const { manifests, blobs } = await heldContent(storage, name);
  const held = [...manifests, ...blobs];
  return held.length > 0 && held.every((digest) => digests.has(digest));
}

/** Finds out, repository by repository, whether an upstream has everything that registry:2 left there. */
export class Adoption {
  readonly #storage: Storage;
  readonly #upstream: Upstream;
  readonly #requests = new SingleFlight<string, boolean>();

  constructor(storage: Storage, upstream: Upstream) {
    this.#storage = storage;
    this.#upstream = upstream;
  }

  /**
   * Assigns a repository without a recorded owner to the upstream. `false` if there was no registry:2 cache here.
   * @throws RegistryError if the upstream does not have all of it, or cannot be reached
   */
  async claims(name: RepositoryName, context: Context): Promise<boolean> {
    if (!this.#upstream.adopt || !(await this.#storage.scheduler.exists())) return false;
    return this.#requests.run(name, () => this.#ask(name, context));
  }

  async #ask(name: RepositoryName, context: Context): Promise<boolean> {
    const { client } = this.#upstream;
    const remote = remoteNameOf(name, this.#upstream);
    // Other clients wait for the same result, so it does not end with the first client.
    const options = { signal: new AbortController().signal, log: context.log };
    const { manifests, blobs } = await heldContent(this.#storage, name);
    try {
      for (const digest of manifests) await client.headManifest(remote, digest, options);
      for (const digest of blobs) await client.headBlob(remote, digest, options);
    } catch (error) {
      throw toRegistryError(error, () => notAllThere(name, client.name));
    }
    await this.#storage.owners.recordOwner(name, client.name);
    context.log.info("a repository from the cache of registry:2 was taken over", {
      repository: name,
      upstream: client.name,
    });
    return true;
  }
}

function notAllThere(name: RepositoryName, upstream: string): RegistryError {
  const message =
    `not everything in ${name} exists at ${upstream}: it was pushed here, or deleted there; ` +
    "the registry's operator can delete it";
  return new RegistryError("DENIED", message, { detail: { name, upstream } });
}

/** Content with links and bytes in the repository; blobs only if it has no manifest to judge it by. */
async function heldContent(storage: Storage, name: RepositoryName): Promise<{ manifests: Digest[]; blobs: Digest[] }> {
  const manifests = await present(storage, await storage.index.manifests(name));
  const blobs = manifests.length > 0 ? [] : await present(storage, await storage.index.blobs(name));
  return { manifests, blobs };
}

async function present(storage: Storage, digests: readonly Digest[]): Promise<Digest[]> {
  const sizes = await Promise.all(digests.map((digest) => storage.blobs.size(digest)));
  return digests.filter((_, index) => sizes[index] !== undefined);
}
