import type { Actor } from "../oci/actor.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/** The tags of a repository that policies guard. */
export interface GuardedTags {
  /** Whether there can be any. */
  readonly guardsTags: boolean;
  /** The policy that lets nobody move or delete the tag. */
  immutableBy(tag: Tag): string | undefined;
  /** The policy that lets nobody delete the tag. */
  protectedBy(tag: Tag): string | undefined;
}

/** Refuses what policies forbid: to move a tag, or to delete it. */
export class TagGuard {
  readonly #storage: Storage;
  readonly #name: RepositoryName;
  readonly #tags: GuardedTags;

  constructor(storage: Storage, name: RepositoryName, tags: GuardedTags) {
    this.#storage = storage;
    this.#name = name;
    this.#tags = tags;
  }

  isImmutable(tag: Tag): boolean {
    return this.#tags.immutableBy(tag) !== undefined;
  }

  /** @throws RegistryError DENIED if one of the tags may not move to the digest */
  async refuseMoves(tags: readonly Tag[], digest: Digest): Promise<void> {
    for (const tag of tags) {
      if (!this.isImmutable(tag)) continue;
      const current = await this.#storage.tags.find(this.#name, tag);
      if (current !== undefined && current !== digest) throw this.#movedError(tag, current);
    }
  }

  /** Each tag once. If one of them may not move, none of those that may has moved. */
  immutableFirst(tags: readonly Tag[]): readonly Tag[] {
    const [immutable, movable] = [true, false].map((wanted) => tags.filter((tag) => this.isImmutable(tag) === wanted));
    return [...new Set([...(immutable ?? []), ...(movable ?? [])])];
  }

  /**
   * @returns what the tag pointed to before
   * @throws RegistryError DENIED if it may not move
   */
  async move(tag: Tag, digest: Digest, by: Actor): Promise<Digest | undefined> {
    if (!this.isImmutable(tag)) return this.#storage.tags.put(this.#name, tag, digest, by);
    const before = await this.#storage.tags.putOnce(this.#name, tag, digest, by);
    if (before !== undefined && before !== digest) throw this.#movedError(tag, before);
    return before;
  }

  /** @param current what the tag points to */
  #movedError(tag: Tag, current: Digest): RegistryError {
    const policy = this.#tags.immutableBy(tag);
    const message = `${this.#name}:${tag} is immutable by the policy ${policy} and points to ${current}; push under another tag`;
    return new RegistryError("DENIED", message, { detail: { name: this.#name, tag, digest: current, policy } });
  }

  /** @throws RegistryError DENIED */
  async refuseDeletion(tag: Tag): Promise<void> {
    const [immutable, guarded] = [this.#tags.immutableBy(tag), this.#tags.protectedBy(tag)];
    const policy = immutable ?? guarded;
    if (policy === undefined) return;
    const current = await this.#storage.tags.find(this.#name, tag);
    // There is no such tag, which is not for a policy to say.
    if (current === undefined) return;
    const kind = immutable === undefined ? "protected" : "immutable";
    const message = `${this.#name}:${tag} is ${kind} by the policy ${policy} and cannot be deleted; it points to ${current}`;
    throw new RegistryError("DENIED", message, { detail: { name: this.#name, tag, digest: current, policy } });
  }

  /**
   * Deletes a manifest unless a guarded tag points to it.
   * @throws RegistryError DENIED
   */
  async deleteManifest<Result>(digest: Digest, action: () => Promise<Result>): Promise<Result> {
    if (!this.#tags.guardsTags) return action();
    return this.#alone(digest, async () => {
      for (const tag of await this.#storage.tags.ofManifests.allPointingAt(this.#name, digest))
        await this.refuseDeletion(tag);
      return action();
    });
  }

  /** Moves immutable tags while nobody deletes the manifest that they will point to. */
  whileMoving<Result>(tags: readonly Tag[], digest: Digest, action: () => Promise<Result>): Promise<Result> {
    return tags.some((tag) => this.isImmutable(tag)) ? this.#alone(digest, action) : action();
  }

  #alone<Result>(digest: Digest, action: () => Promise<Result>): Promise<Result> {
    return this.#storage.withLock(`guarded manifest ${this.#name}@${digest}`, action);
  }
}

export const noGuardedTags: GuardedTags = {
  guardsTags: false,
  immutableBy: () => undefined,
  protectedBy: () => undefined,
};
