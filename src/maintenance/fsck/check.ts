import { oneAhead } from "../../foundation/one-ahead.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageError } from "../../oci/storage-error.js";
import type { ContentIndex } from "../../storage/content/content-index.js";
import { placeOf } from "../../storage/content/places.js";
import type { RepositoryHoldings } from "../../storage/content/repository-holdings.js";
import type { Storage } from "../../storage/storage.js";
import { isUnreadable } from "../unreadable-content.js";
import { type CheckParts, checkRepository } from "./check-repository.js";
import { ContentStates } from "./content-states.js";
import { damagedBytes } from "./content-suspects.js";
import type { CheckResult, Finding } from "./finding.js";
import type { WantedAgain } from "./mend-bytes.js";
import { settle } from "./settle.js";
import { Suspects } from "./suspect.js";
import { unreadablePlace } from "./unreadable-place.js";

export interface CheckSettings {
  /** The only repository to look at; without it, everything. */
  readonly repository?: RepositoryName | undefined;
  /** Whether every blob is hashed. Otherwise only sizes, links and manifests are looked at. */
  readonly isHashed: boolean;
  /** `private.sparse`: manifests may reference what is not here. */
  readonly isSparse: boolean;
  readonly isRepaired: boolean;
  /** Downloads content of a cached repository again. @throws if it fails */
  readonly fetchAgain?: ((wanted: WantedAgain) => Promise<void>) | undefined;
  /** How long something must have been wrong, in milliseconds, since what is being removed may look like that. */
  readonly settledAfterMs: number;
  /** Called after each step, with the bytes that it has read: waits as others should go first. @throws to end */
  pace(bytes: number): Promise<void>;
  /** Called for each finding, once that is certain. */
  found(finding: Finding): void;
}

/** Lists of blobs that are looked at together: one is hashed while the next are being read. */
const listsAtOnce = 2;

/** Repositories that are listed with one order. */
const repositoriesAtOnce = 20;

/**
 * Looks whether everything is there, and is what it should be. Works beside servers and collections: whatever seems
 * wrong is looked at again before it is said to be.
 */
export async function checkStorage(storage: Storage, settings: CheckSettings): Promise<CheckResult> {
  const states = new ContentStates(storage, settings);
  const suspects = new Suspects();
  const { isSparse, fetchAgain, repository } = settings;
  const parts = { storage, states, suspects, isSparse, fetchAgain, rest: () => settings.pace(0) };
  const checking = new StorageCheck(parts);
  if (repository === undefined) await checking.everything();
  else await checking.repositories([repository]);
  const { unreadable, ...tally } = await settle(suspects, settings);
  const isAllSeen = repository === undefined && unreadable === 0;
  return {
    ...checking.counted,
    ...tally,
    blobs: states.blobs,
    bytes: states.bytes,
    unlinked: isAllSeen ? await states.unlinked() : undefined,
    setAside: await sizeOfQuarantine(storage),
  };
}

/** Walks over what is stored. What cannot be read becomes a suspect, and the walk goes on. */
class StorageCheck {
  readonly counted = { repositories: 0, manifests: 0, tags: 0 };
  readonly #parts: CheckParts;

  constructor(parts: CheckParts) {
    this.#parts = parts;
  }

  async everything(): Promise<void> {
    await this.#lookAtAllBytes();
    const foreign: string[] = [];
    const names = await this.#parts.storage.index.repositoryNames({
      foreign: (place) => foreign.push(place),
      unreadable: (place, error) => this.#unreadable(place, error),
    });
    await this.repositories(names);
    this.#lookAtDamaged();
    for (const place of foreign) this.#lookAtForeign(place);
    await this.#lookAtTrash();
  }

  async repositories(names: readonly RepositoryName[]): Promise<void> {
    for await (const listed of oneAhead(holdingsOf(this.#parts.storage.index, names)))
      for (const holdings of listed) await this.#repository(holdings);
  }

  async #lookAtAllBytes(): Promise<void> {
    const { storage, states } = this.#parts;
    const all = storage.blobs.digestLists((place, error) => this.#unreadable(place, error));
    const lists = all[Symbol.asyncIterator]();
    // An iterator answers calls in order, so several can share it.
    const takeTurns = async () => {
      for (let next = await lists.next(); next.done !== true; next = await lists.next()) await states.note(next.value);
    };
    await Promise.all(Array.from({ length: listsAtOnce }, takeTurns));
  }

  async #repository(holdings: RepositoryHoldings): Promise<void> {
    const { name } = holdings;
    this.counted.repositories++;
    try {
      await this.#checkRepository(holdings);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const again = async () => {
        for (const listed of await this.#parts.storage.index.holdings([name])) await this.#checkRepository(listed);
      };
      this.#parts.suspects.add(unreadablePlace(placeOf.repository(name), error, again));
    }
  }

  async #checkRepository(holdings: RepositoryHoldings): Promise<void> {
    // What is not listed must not look as if it were missing.
    if (holdings.unreadable !== undefined) throw holdings.unreadable;
    const { manifests, tags } = await checkRepository(this.#parts, holdings);
    this.counted.manifests += manifests;
    this.counted.tags += tags;
  }

  /** Damaged bytes that no repository holds. */
  #lookAtDamaged(): void {
    const { storage, states, suspects, fetchAgain } = this.#parts;
    for (const digest of states.damaged.keys())
      suspects.add({ ...damagedBytes({ storage, states, fetchAgain }, digest), isDamage: false });
  }

  #lookAtForeign(place: string): void {
    this.#parts.suspects.add({
      flaw: "foreign folder",
      isDamage: false,
      place,
      what: "its name is not that of a repository",
      confirm: () => this.#parts.storage.index.isFilled(place),
    });
  }

  async #lookAtTrash(): Promise<void> {
    const { storage, suspects } = this.#parts;
    for await (const record of storage.trash.records()) {
      if ("link" in record) continue;
      const what = "the record of what was removed cannot be read, so its bytes are kept";
      suspects.add({ flaw: "damaged trash", isDamage: false, place: record.key, what, confirm: async () => true });
    }
  }

  #unreadable(place: string, error: StorageError): void {
    this.#parts.suspects.add(unreadablePlace(place, error, () => this.#parts.storage.index.isFilled(place)));
  }
}

async function* holdingsOf(
  index: ContentIndex,
  names: readonly RepositoryName[],
): AsyncIterable<readonly RepositoryHoldings[]> {
  for (let start = 0; start < names.length; start += repositoriesAtOnce)
    yield await index.holdings(names.slice(start, start + repositoriesAtOnce));
}

async function sizeOfQuarantine(storage: Storage): Promise<CheckResult["setAside"]> {
  const setAside = { blobs: 0, bytes: 0 };
  for await (const { size } of storage.quarantine.all()) {
    setAside.blobs++;
    setAside.bytes += size;
  }
  return setAside;
}
