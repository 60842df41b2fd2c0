import { answeredAhead } from "../foundation/answered-ahead.js";
import { algorithmOf, type Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { isOutOfRoom, type StorageError } from "../oci/storage-error.js";
import type { ContentLink } from "../storage/content/content-link.js";
import type { ContentLinks } from "../storage/content/content-links.js";
import type { RepositoryHoldings } from "../storage/content/repository-holdings.js";
import type { CollectionRun } from "./collection-run.js";
import { HeldSince } from "./held-since.js";
import { type FoundRepository, markRepository, type RepositoryMark } from "./repository-mark.js";
import { isUnreadable } from "./unreadable-content.js";
import { lastOfUse, type UntaggedManifests, untaggedManifestsOf } from "./untagged-manifests.js";

/** The outcome for one repository. */
export interface CollectedRepository {
  /** Digests whose bytes it still needs or links to. */
  readonly needed: readonly Digest[];
  readonly removed: readonly ContentLink[];
  /** `undefined` if something could not be read, so that all of it stays. */
  readonly mark: RepositoryMark | undefined;
}

/**
 * Removes what a repository no longer needs. If something of it cannot be read, all of it stays.
 * @param heldBack why all of it must stay
 */
export async function collectRepository(
  run: CollectionRun,
  found: FoundRepository,
  heldBack: StorageError | undefined,
): Promise<CollectedRepository> {
  const { holdings, held } = found;
  const hidden = [...held.values()].find(({ unknownContent }) => unknownContent !== undefined);
  const unreadable = heldBack ?? holdings.unreadable ?? hidden?.unknownContent;
  if (unreadable !== undefined) return keepWhole(run, found, unreadable);
  try {
    return await collectReadable(run, found);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return keepWhole(run, found, error);
  }
}

/** Removes the links of a repository that nothing there needs any more, as far as their time has come. */
async function collectReadable(run: CollectionRun, found: FoundRepository): Promise<CollectedRepository> {
  const { name } = found.holdings;
  const held = new HeldSince(run, name);
  const untagged = await untaggedManifestsOf(run, name);
  const stays = async (digest: Digest) => {
    const link: ContentLink = { name, kind: "manifest", digest };
    return (await isKept(run, link, untagged)) || staysFor(run, link, await held.sinceMs());
  };
  const mark = await markRepository(run.storage, found, { deleteUntagged: untagged.mayGo, stays });
  run.report.marked(mark);
  for (const problem of mark.problems) run.report.problem(`${name}: ${problem}`);
  const blobs: ContentLink[] = [];
  const unneeded = mark.unnamedLayers.map((digest): ContentLink => ({ name, kind: "blob", digest }));
  const { contentLinks, index } = run.storage;
  const stored = (link: ContentLink) => contentLinks.stored(link);
  for await (const { item: link, answer: found } of answeredAhead(each(unneeded), index.askedAhead, stored))
    if (!judgeStay(run, link, found, await held.sinceMs())) blobs.push(link);
  const manifests = mark.unkept.map((digest): ContentLink => ({ name, kind: "manifest", digest }));
  const removed = await removeAll(run, name, [...manifests, ...blobs]);
  const isWhollyGone = removed.length === mark.unkept.length + mark.unnamedLayers.length;
  if (mark.isEmptied && isWhollyGone) await removeEmptied(run, found.holdings);
  return { needed: stillLinked(mark, removed), removed, mark };
}

/** @returns what it needs, as far as that is known */
function keepWhole(run: CollectionRun, { holdings, held }: FoundRepository, error: StorageError): CollectedRepository {
  const { name, manifests, blobs, unreadable } = holdings;
  const needed = new Set<Digest>([...manifests, ...blobs]);
  for (const { content, names } of held.values()) {
    needed.add(content);
    if (typeof names !== "string") for (const digest of names.content) needed.add(digest);
  }
  // A link of another algorithm may lead to any bytes.
  const isAllKnown = unreadable === undefined && [...needed].every((digest) => algorithmOf(digest) === "sha256");
  const what = `something of repository ${name}`;
  if (isAllKnown) run.unreadable.add(what, error, "all of it stays");
  else run.unreadable.addHiding(what, error, "all of it stays");
  return { needed: [...needed], removed: [], mark: undefined };
}

/** Whether a manifest without a tag must stay by a policy. Reports it if so. */
async function isKept(run: CollectionRun, link: ContentLink, { keepMs }: UntaggedManifests): Promise<boolean> {
  if (keepMs === 0) return false;
  const untilMs = (await lastOfUse(run.storage, link.name, link.digest)) + keepMs;
  if (untilMs <= run.judge.nowMs) return false;
  run.stays(link, { why: "waits", untilMs });
  return true;
}

/** Whether an unneeded link must wait. Reports it if so. */
async function staysFor(run: CollectionRun, link: ContentLink, heldSinceMs: number | undefined): Promise<boolean> {
  return judgeStay(run, link, await run.storage.contentLinks.stored(link), heldSinceMs);
}

async function* each<Item>(items: readonly Item[]): AsyncIterable<Item> {
  yield* items;
}

function judgeStay(
  run: CollectionRun,
  link: ContentLink,
  found: Awaited<ReturnType<ContentLinks["stored"]>>,
  heldSinceMs: number | undefined,
): boolean {
  if (found === "unreadable") {
    run.report.problem(
      `${link.name}: the link of ${link.digest} is damaged, so it is kept; push it again, or delete it`,
    );
    return true;
  }
  const stay = run.judge.whyStays(link, found?.claimedMs, heldSinceMs);
  if (stay === undefined) return false;
  run.stays(link, stay);
  return true;
}

async function removeAll(
  run: CollectionRun,
  name: RepositoryName,
  links: readonly ContentLink[],
): Promise<readonly ContentLink[]> {
  if (links.length === 0) return [];
  for (const link of links) run.report.goes(link);
  // What has begun since the first look counts too.
  const held = new HeldSince(run, name);
  try {
    return await run.changes.removeLinks(name, links, {
      nowMs: run.judge.nowMs,
      mayGo: async (_link, claimedMs) => run.judge.whyHeld(claimedMs, await held.sinceMs()) === undefined,
    });
  } catch (error) {
    // The trash needs room for a record. Bytes that need none must go all the same.
    if (!isOutOfRoom(error)) throw error;
    run.report.problem(`${name}: links that it no longer needs could not be removed (${error.message})`);
    return [];
  }
}

async function removeEmptied(run: CollectionRun, holdings: RepositoryHoldings): Promise<void> {
  // Beside servers nothing goes that anybody could miss: what is left are empty folders and records.
  if (run.isAlone) run.report.goes({ kind: "repository", name: holdings.name });
  await run.changes.removeEmptied(holdings);
}

function stillLinked({ needed, unkept, unnamedLayers }: RepositoryMark, removed: readonly ContentLink[]): Digest[] {
  const gone = new Set(removed.map(({ digest }) => digest));
  return [...needed, ...[...unkept, ...unnamedLayers].filter((digest) => !gone.has(digest))];
}
