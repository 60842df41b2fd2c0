import { setTimeout as delay } from "node:timers/promises";
import { RegistryError } from "../../oci/errors.js";
import { StorageError } from "../../oci/storage-error.js";
import { isUnreadable } from "../unreadable-content.js";
import type { CheckSettings } from "./check.js";
import type { Finding } from "./finding.js";
import type { Mended, Suspect, SuspectHolder, Suspects } from "./suspect.js";
import { unreadablePlace } from "./unreadable-place.js";

/** Looks at everything suspicious once more, mends it if that is wanted, and tells of it. */
export async function settle(suspects: Suspects, settings: CheckSettings) {
  const tally = { damaged: 0, mended: 0, leftovers: 0, unreadable: 0 };
  if (suspects.size > 0) await delay(settings.settledAfterMs);
  for (const { suspect: suspected, holders } of suspects) {
    await settings.pace(0);
    const suspect = await confirmed(suspected);
    if (suspect === undefined) continue;
    const mended = settings.isRepaired ? await mend(suspect, holders) : leftAlone;
    const finding = findingOf(suspect, holders, mended);
    if (finding.flaw === "unreadable") tally.unreadable++;
    if (!finding.isDamage) tally.leftovers++;
    else if (isMended(finding)) tally.mended++;
    else tally.damaged++;
    settings.found(finding);
  }
  return tally;
}

async function confirmed(suspect: Suspect): Promise<Suspect | undefined> {
  try {
    return (await suspect.confirm()) ? suspect : undefined;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return unreadablePlace(suspect.place, error, suspect.confirm);
  }
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
