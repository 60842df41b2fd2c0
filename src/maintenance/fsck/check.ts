import { setTimeout as delay } from "node:timers/promises";
import { oneAhead } from "../../foundation/one-ahead.js";
import { RegistryError } from "../../oci/errors.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { StorageError } from "../../oci/storage-error.js";
import type { ContentIndex } from "../../storage/content/content-index.js";
import type { RepositoryHoldings } from "../../storage/content/repository-holdings.js";
import type { Storage } from "../../storage/storage.js";
import { type CheckParts, checkRepository } from "./check-repository.js";
import { ContentStates } from "./content-states.js";
import { damagedBytes } from "./content-suspects.js";
import type { CheckResult, Finding } from "./finding.js";
import type { WantedAgain } from "./mend-bytes.js";
import { type Mended, type Suspect, type SuspectHolder, Suspects } from "./suspect.js";

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
  if (repository === undefined) await lookAtAllBytes(storage, states);
  const counted = await checkRepositories(parts, repository);
  if (repository === undefined) await findForeign(parts);
  const tally = await settle(parts, settings);
  return {
    ...counted,
    ...tally,
    blobs: states.blobs,
    bytes: states.bytes,
    unlinked: repository === undefined ? await states.unlinked() : undefined,
    setAside: await sizeOfQuarantine(storage),
  };
}

async function lookAtAllBytes(storage: Storage, states: ContentStates): Promise<void> {
  const lists = storage.blobs.digestLists()[Symbol.asyncIterator]();
  // An iterator answers calls in order, so several can share it.
  const takeTurns = async () => {
    for (let next = await lists.next(); next.done !== true; next = await lists.next()) await states.note(next.value);
  };
  await Promise.all(Array.from({ length: listsAtOnce }, takeTurns));
}

async function checkRepositories(parts: CheckParts, only: RepositoryName | undefined) {
  const counted = { repositories: 0, manifests: 0, tags: 0 };
  const { index } = parts.storage;
  const names = only === undefined ? await index.repositoryNames() : [only];
  for await (const listed of oneAhead(holdingsOf(index, names))) {
    for (const holdings of listed) {
      const { manifests, tags } = await checkRepository(parts, holdings);
      counted.repositories++;
      counted.manifests += manifests;
      counted.tags += tags;
    }
  }
  return counted;
}

async function* holdingsOf(
  index: ContentIndex,
  names: readonly RepositoryName[],
): AsyncIterable<readonly RepositoryHoldings[]> {
  for (let start = 0; start < names.length; start += repositoriesAtOnce)
    yield await index.holdings(names.slice(start, start + repositoriesAtOnce));
}

/** What no repository holds, and what belongs to no repository. */
async function findForeign({ storage, states, suspects, fetchAgain }: CheckParts): Promise<void> {
  for (const digest of states.damaged.keys())
    suspects.add({ ...damagedBytes({ storage, states, fetchAgain }, digest), isDamage: false });
  const foreign: string[] = [];
  for await (const _ of storage.index.repositories(undefined, (key) => foreign.push(key)));
  for (const place of foreign)
    suspects.add({
      flaw: "foreign folder",
      isDamage: false,
      place,
      what: "its name is not that of a repository",
      confirm: () => storage.index.isFilled(place),
    });
  for await (const record of storage.trash.records()) {
    if ("link" in record) continue;
    const what = "the record of what was removed cannot be read, so its bytes are kept";
    suspects.add({ flaw: "damaged trash", isDamage: false, place: record.key, what, confirm: async () => true });
  }
}

/** Looks at everything suspicious once more, mends it if that is wanted, and tells of it. */
async function settle({ suspects }: CheckParts, settings: CheckSettings) {
  const tally = { damaged: 0, mended: 0, leftovers: 0 };
  if (suspects.size > 0) await delay(settings.settledAfterMs);
  for (const { suspect, holders } of suspects) {
    await settings.pace(0);
    if (!(await suspect.confirm())) continue;
    const mended = settings.isRepaired ? await mend(suspect, holders) : leftAlone;
    const finding = findingOf(suspect, holders, mended);
    if (!finding.isDamage) tally.leftovers++;
    else if (isMended(finding)) tally.mended++;
    else tally.damaged++;
    settings.found(finding);
  }
  return tally;
}

const leftAlone: Mended = { outcome: "left" };

async function mend(suspect: Suspect, holders: readonly SuspectHolder[]): Promise<Mended> {
  try {
    return (await suspect.mend?.(holders)) ?? leftAlone;
  } catch (error) {
    if (error instanceof StorageError || error instanceof RegistryError)
      return { outcome: "left", obstacle: error.message };
    throw error;
  }
}

/** What was set aside is still missing; a cache downloads it with the next pull. */
function isMended({ outcome, holders }: Pick<Finding, "outcome" | "holders">): boolean {
  if (outcome === "left") return false;
  return outcome !== "set aside" || holders.every(({ upstream }) => upstream !== undefined);
}

function findingOf(suspect: Suspect, holders: readonly SuspectHolder[], mended: Mended): Finding {
  const { flaw, isDamage, digest, tag, place, what } = suspect;
  const finding = {
    flaw,
    isDamage,
    digest,
    tag,
    place,
    what,
    holders: holders.map(({ name, upstream, images }) => ({ name, upstream, images })),
    ...mended,
  };
  return { ...finding, advice: isMended(finding) ? undefined : adviceFor(suspect, holders, mended) };
}

function adviceFor(
  { advice, flaw }: Suspect,
  holders: readonly SuspectHolder[],
  { outcome }: Mended,
): string | undefined {
  const isCachedOnly = holders.length > 0 && holders.every(({ upstream }) => upstream !== undefined);
  if (flaw === "damaged bytes" && outcome === "left" && isCachedOnly)
    return "run berth fsck --repair, which fetches it again";
  if (flaw === "damaged bytes" && outcome === "left" && holders.length > 0)
    return "run berth fsck --repair, which sets it aside, and push one of the images again";
  return holders.length === 0 && flaw === "damaged bytes" ? undefined : advice;
}

async function sizeOfQuarantine(storage: Storage): Promise<CheckResult["setAside"]> {
  const setAside = { blobs: 0, bytes: 0 };
  for await (const { size } of storage.quarantine.all()) {
    setAside.blobs++;
    setAside.bytes += size;
  }
  return setAside;
}
