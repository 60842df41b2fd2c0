import { inParallel } from "../../foundation/in-parallel.js";
import type { Digest } from "../../oci/digest.js";
import { layout } from "../layout.js";
import type { Storage } from "../storage.js";
import type { ContentLink } from "./content-link.js";

/*
 * How a collection removes a link that seems unneeded, while clients may be told at the same moment that they need not
 * upload its content. Nobody takes a lock but the collection.
 *
 *   the collection:  1. records the link in the trash   2. withdraws it (`Withdrawal` in `driver.ts`)
 *                    3. looks when it was last written, and what else holds it
 *                    4. releases it if it was claimed, and forgets the record; else erases it
 *   a claim:         1. reads the link, or else its record in the trash
 *                    2. writes the link again, or that it is claimed, if it is not recent
 *                    3. makes sure that no withdrawal takes the link
 *
 * Either the claim was written before the withdrawal, and step 3 of the collection sees its time; or it was written
 * after it, and stays. A reader that finds no link between steps 2 and 4 finds its record, and writes the link again.
 * A manifest claims each link that it references before it is stored, so what it references has a recent claim.
 */

const changesAtOnce = 16;
/** Records that are written at once, which is cheaper. */
const batchSize = 200;

export interface LinkRemoval {
  readonly nowMs: number;
  /**
   * Whether a link may go, by the time when it was last claimed. Asked after the links of its repository were withdrawn.
   */
  mayGo(link: ContentLink, claimedMs: number): Promise<boolean>;
}

/** Moves links to the trash, unless they are claimed meanwhile. @returns those that are gone */
export async function removeLinks(
  storage: Storage,
  links: readonly ContentLink[],
  removal: LinkRemoval,
): Promise<ContentLink[]> {
  const removed: ContentLink[] = [];
  for (let start = 0; start < links.length; start += batchSize)
    removed.push(...(await removeBatch(storage, links.slice(start, start + batchSize), removal)));
  return removed;
}

async function removeBatch(
  storage: Storage,
  links: readonly ContentLink[],
  { nowMs, mayGo }: LinkRemoval,
): Promise<ContentLink[]> {
  const { withdrawal } = storage.driver;
  const contents = await contentsOf(storage, links);
  await storage.trash.put([...contents].map(([link, content]) => ({ link, content, sinceMs: nowMs })));
  const withdrawn: { readonly link: ContentLink; readonly modifiedMs: number }[] = [];
  await inParallel(contents.keys(), changesAtOnce, async (link) => {
    const stat = await withdrawal.withdraw(layout.link(link), layout.unlinking(link));
    if (stat !== undefined) withdrawn.push({ link, modifiedMs: stat.modifiedMs });
  });
  // An upload session that holds claims is found in a list.
  if (withdrawn.length > 0) await storage.listsSettled();
  const removed: ContentLink[] = [];
  await inParallel(withdrawn, changesAtOnce, async ({ link, modifiedMs }) => {
    if (await mayGo(link, await storage.contentLinks.claimedMs(link, modifiedMs))) {
      await withdrawal.erase(layout.link(link), layout.unlinking(link));
      removed.push(link);
    } else await release(storage, link);
  });
  const gone = new Set(removed);
  await storage.trash.forget([...contents.keys()].filter((link) => !gone.has(link)));
  return removed;
}

/** The links that exist and can be read, with what they contain. */
async function contentsOf(storage: Storage, links: readonly ContentLink[]): Promise<Map<ContentLink, Digest>> {
  const contents = new Map<ContentLink, Digest>();
  for (const link of links) {
    const content = (await storage.links.find(layout.link(link)))?.digest;
    if (content !== undefined) contents.set(link, content);
  }
  return contents;
}

/** Puts back what a killed collection was about to remove. Only for the holder of the lock of collections. */
export async function releaseUnlinking(storage: Storage): Promise<void> {
  const names = new Set(await storage.driver.list(layout.unlinkings));
  if (names.size === 0) return;
  for await (const record of storage.trash.records()) {
    if (!("link" in record)) {
      // Where the link belongs is not known, so it stays where it is.
      names.delete(record.key.slice(layout.trash.length + 1));
      continue;
    }
    if (!names.delete(layout.unlinking(record.link).slice(layout.unlinkings.length + 1))) continue;
    await release(storage, record.link);
    await storage.trash.forget([record.link]);
  }
  // The links of these were written again since, and their records forgotten.
  await storage.driver.remove(...[...names].map((name) => `${layout.unlinkings}/${name}`));
}

/** The link may have been written again since it was withdrawn: the older one replaces that, so it is claimed again. */
async function release(storage: Storage, link: ContentLink): Promise<void> {
  await storage.driver.withdrawal.release(layout.link(link), layout.unlinking(link));
  await storage.contentLinks.claim(link);
}
