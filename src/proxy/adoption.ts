import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Storage } from "../storage/storage.js";
import type { CachedUpstream } from "./cached-upstream.js";
import { SharedQuestions } from "./shared-questions.js";
import { toRegistryError } from "./upstream-failure.js";

/*
 * A registry:2 that ran as a cache recorded nowhere what it had fetched and what had been pushed before it was one. Its
 * scheduler names what is to expire, but forgets that after a week even where it may not delete it (proxyregistry.go,
 * OnBlobExpire). So a repository becomes the upstream's if the scheduler names all that it holds, or if the upstream
 * says that it has it all. Of what was pushed here nothing is ever the upstream's, and then evicted.
 */

/** How many repositories are looked at together: they wait for the same disk, and are synced together. */
const atOnce = 64;

/** Records as the upstream's the repositories of which registry:2's scheduler names all that is held. */
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

/** Whether nobody knows whose the repository is, and the scheduler names all that it holds. */
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

/** Finds out of one repository after another whether an upstream has all that registry:2 left there. */
export class Adoption {
  readonly #storage: Storage;
  readonly #source: CachedUpstream;
  readonly #questions = new SharedQuestions<boolean>();

  constructor(storage: Storage, source: CachedUpstream) {
    this.#storage = storage;
    this.#source = source;
  }

  /**
   * Makes a repository, whose owner nobody recorded, the upstream's. `false` if nothing here was its cache.
   * @throws RegistryError if the upstream does not have all of it, or cannot be asked
   */
  async claims(name: RepositoryName, context: Context): Promise<boolean> {
    if (!this.#source.adopt || !(await this.#storage.scheduler.exists())) return false;
    return this.#questions.ask(name, () => this.#ask(name, context));
  }

  async #ask(name: RepositoryName, context: Context): Promise<boolean> {
    const { upstream } = this.#source;
    const remote = this.#source.remoteName(name);
    // Others wait for the same answer, when the client that asked first is gone.
    const options = { signal: new AbortController().signal, log: context.log };
    const { manifests, blobs } = await heldContent(this.#storage, name);
    try {
      for (const digest of manifests) await upstream.headManifest(remote, digest, options);
      for (const digest of blobs) await upstream.headBlob(remote, digest, options);
    } catch (error) {
      throw toRegistryError(error, () => notAllThere(name, upstream.name));
    }
    await this.#storage.owners.recordOwner(name, upstream.name);
    context.log.info("a repository from the cache of registry:2 was taken over", {
      repository: name,
      upstream: upstream.name,
    });
    return true;
  }
}

function notAllThere(name: RepositoryName, upstream: string): RegistryError {
  const message =
    `what this registry holds as ${name} is not all at ${upstream}: it was pushed here, or is gone there; ` +
    "the registry's operator may remove it";
  return new RegistryError("DENIED", message, { detail: { name, upstream } });
}

/** What a repository has links for and whose bytes are there; blobs only if it has no manifest to judge it by. */
async function heldContent(storage: Storage, name: RepositoryName): Promise<{ manifests: Digest[]; blobs: Digest[] }> {
  const manifests = await present(storage, await storage.index.manifests(name));
  const blobs = manifests.length > 0 ? [] : await present(storage, await storage.index.blobs(name));
  return { manifests, blobs };
}

async function present(storage: Storage, digests: readonly Digest[]): Promise<Digest[]> {
  const sizes = await Promise.all(digests.map((digest) => storage.blobs.size(digest)));
  return digests.filter((_, index) => sizes[index] !== undefined);
}
