import type { Exchange } from "../../http/exchange.js";
import { parseDigest } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import { parseTag, type Tag } from "../../oci/reference.js";
import { parseRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import type { Registry } from "../../registry/registry.js";
import type { PushRepository } from "../../registry/repository.js";
import type { Storage } from "../../storage/storage.js";
import type { Censuses } from "../images/content-census.js";
import { freedSizeOf } from "../images/unique-size.js";
import type { NameIndex } from "../names/name-index.js";
import { badRequest, longestName } from "../query.js";
import { type DeletionPlan, planDeletion, type WantedDeletion } from "./deletion-plan.js";
import { JsonBody } from "./json-body.js";

const most = 200;
const longestTag = 128;
const longestDigest = 140;

interface DeleteParts {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly names: NameIndex;
  readonly censuses: Censuses;
}

interface Failed {
  readonly reference: string;
  readonly message: string;
}

/** Deletes tags, manifests or a whole repository, or says what that would mean. */
export async function deleteContent(exchange: Exchange, parts: DeleteParts): Promise<unknown> {
  const body = await JsonBody.read(exchange, ["repository", "tags", "digests", "everything", "dryRun"]);
  const name = parseRepositoryName(body.text("repository", longestName));
  const wanted = wantedOf(body);
  const dryRun = body.flag("dryRun");
  // Also to see the plan, the client needs the right to delete.
  const repository = await parts.registry.push(name, undefined, exchange, "delete");
  const plan = await planDeletion(parts.storage, repository.name, wanted);
  const size = await freedSizeOf(plan.manifests, { ...parts, name: repository.name });
  const done = dryRun ? { alreadyGone: [], failed: [] } : await perform(repository, wanted, plan, exchange);
  if (!dryRun && wanted.everything) {
    parts.names.forget(name);
  }
  const gone = new Set<string>([
    ...done.alreadyGone,
    ...done.failed.map(({ reference }) => reference),
    ...(done.failed.length === 0 ? [] : await stillThere(parts.storage, repository.name, plan.tags)),
  ]);
  return {
    repository: name,
    dryRun,
    tags: plan.tags.filter((tag) => !gone.has(tag)),
    manifests: plan.manifests.filter((digest) => !gone.has(digest)),
    kept: plan.kept,
    size,
    alreadyGone: [...plan.alreadyGone, ...done.alreadyGone],
    failed: done.failed,
    notes: plan.notes,
  };
}

function wantedOf(body: JsonBody): WantedDeletion {
  const wanted = {
    tags: [...new Set(body.texts("tags", { most, longest: longestTag }).map(parseTag))],
    digests: [...new Set(body.texts("digests", { most, longest: longestDigest }).map(parseDigest))],
    everything: body.flag("everything"),
  };
  const named = wanted.tags.length + wanted.digests.length;
  if (named === 0 && !wanted.everything) throw badRequest("the body must name tags or digests, or say everything");
  if (named > 0 && wanted.everything) throw badRequest("with everything, no tags or digests can be named");
  return wanted;
}

/** A tag stays with a manifest that could not be deleted. */
async function stillThere(storage: Storage, name: RepositoryName, tags: readonly Tag[]): Promise<readonly Tag[]> {
  const found: Tag[] = [];
  for (const tag of tags) if ((await storage.tags.find(name, tag)) !== undefined) found.push(tag);
  return found;
}

/** What fails does not keep the rest from being deleted; what someone else has deleted meanwhile is no failure. */
async function perform(
  repository: PushRepository,
  wanted: WantedDeletion,
  plan: DeletionPlan,
  exchange: Exchange,
): Promise<{ readonly alreadyGone: readonly string[]; readonly failed: readonly Failed[] }> {
  const alreadyGone: string[] = [];
  const failed: Failed[] = [];
  const attempt = async (reference: string, action: () => Promise<unknown>) => {
    exchange.signal.throwIfAborted();
    try {
      await action();
    } catch (error) {
      if (!(error instanceof RegistryError) || error.status === 401 || error.status === 405) throw error;
      if (error.status === 404) alreadyGone.push(reference);
      else failed.push({ reference, message: error.message });
    }
  };
  const named = new Set<string>(wanted.everything ? plan.tags : wanted.tags);
  for (const tag of plan.tags.filter((each) => named.has(each)))
    await attempt(tag, () => repository.deleteTag(tag, exchange));
  for (const digest of plan.manifests) await attempt(digest, () => repository.deleteManifest(digest, exchange));
  return { alreadyGone, failed };
}
