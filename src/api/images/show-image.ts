import type { Exchange } from "../../http/exchange.js";
import type { Actor } from "../../oci/actor.js";
import type { Digest } from "../../oci/digest.js";
import type { ManifestReading } from "../../oci/manifest-reading.js";
import { isDigestReference, isTag, type Reference, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Registry } from "../../registry/registry.js";
import type { PullRepository } from "../../registry/repository.js";
import type { Storage } from "../../storage/storage.js";
import { isKnown } from "../activity/seen-upstreams.js";
import { showTime } from "../answers.js";
import { lookAt, looking } from "../looking.js";
import { pageSizeOf, referenceOf, repositoryOf } from "../query.js";
import { readConfig } from "./image-config.js";
import type { ImageContents } from "./image-contents.js";
import { artifactTypeOf, kindOf } from "./image-facts.js";
import { configView, contentView, historyOf, layersOf, manifestsOf } from "./image-views.js";
import { originOfContent } from "./origin.js";
import { guardsIn, type RepositoryLimits } from "./repository-limits.js";
import { TextBudget } from "./text-budget.js";

const mostManifests = 1_000;
const shownTags = 100;
const shownChanges = 20;
const mostTags = 100_000;

interface ImageShowParts {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly contents: ImageContents;
  readonly limits: RepositoryLimits;
}

/** One manifest with everything that is known about it. */
export async function showImage(exchange: Exchange, parts: ImageShowParts): Promise<unknown> {
  const { registry, storage, contents, limits } = parts;
  const name = repositoryOf(exchange);
  const reference = referenceOf(exchange);
  const shownManifests = pageSizeOf(exchange, mostManifests, mostManifests);
  const repository = await lookAt(registry, exchange, name);
  const { descriptor } = await repository.resolveManifest(reference, looking(exchange));
  const { digest, mediaType } = descriptor;
  const { parts: known, present, sizes } = await contents.of(repository.name, digest, shownManifests);
  const reading = known.manifests.get(digest)?.reading;
  const texts = new TextBudget();
  return {
    repository: name,
    reference,
    digest,
    mediaType,
    artifactType: reading && artifactTypeOf(reading),
    kind: reading === undefined ? "unknown" : kindOf(reading),
    origin: await originOfContent(storage, repository.name),
    ...sizes,
    ...(known.manifests.size === 0 && { size: descriptor.size }),
    isPartial: sizes?.isPartial || undefined,
    isCounting: sizes === undefined || undefined,
    ...(await timesOf(storage, repository, { reference, digest, exchange })),
    guard: isDigestReference(reference) ? undefined : (await guardsIn(storage, limits, repository.name))(reference),
    tags: await tagsOf(storage, repository, digest, exchange),
    subject: reading?.subject,
    annotations: texts.texts(reading?.annotations) ?? {},
    manifests: reading === undefined ? [] : manifestsOf(reading, { known, present, most: shownManifests }),
    manifestCount: reading?.manifests.length ?? 0,
    ...(await inside(repository, reading, { exchange, present })),
  };
}

async function timesOf(
  storage: Storage,
  { name }: PullRepository,
  {
    reference,
    digest,
    exchange,
  }: { readonly reference: Reference; readonly digest: Digest; readonly exchange: Exchange },
) {
  const tag = isDigestReference(reference) ? undefined : reference;
  return {
    pushedAt: showTime(tag ? await storage.tags.movedAt(name, tag) : await storage.manifests.receivedAt(name, digest)),
    pulledAt: showTime(await storage.uses.lastPull(name, digest)),
    askedAt: tag && showTime(await storage.tagChecks.checkedAt(name, tag)),
    tagChanges: tag && (await tagChangesOf(storage, name, { tag, exchange })),
  };
}

/** What a tag pointed to, the newest first. Who moved it is nothing for visitors. */
async function tagChangesOf(
  storage: Storage,
  name: RepositoryName,
  { tag, exchange }: { readonly tag: Tag; readonly exchange: Exchange },
) {
  const changes = await storage.tags.history.changes(name, tag);
  return changes.slice(0, shownChanges).map(({ atMs, kind, digest, by }) => ({
    at: showTime(atMs),
    kind,
    digest,
    by: isKnown(exchange) ? nameOf(by) : undefined,
  }));
}

function nameOf(actor: Actor | undefined): string | undefined {
  return actor?.kind === "berth" ? `Berth (${actor.task})` : actor?.user;
}

/** Of an upstream's repository, only those that its rules allow. */
async function tagsOf(storage: Storage, repository: PullRepository, digest: Digest, exchange: Exchange) {
  const tags = await storage.tags.pointingAt(repository.name, digest);
  if (tags.length === 0 || (await storage.owners.ownerOf(repository.name)) === undefined)
    return tags.slice(0, shownTags);
  const { items } = await repository.listTags({ limit: mostTags }, looking(exchange));
  const allowed = new Set(items);
  return tags.filter((tag) => isTag(tag) && allowed.has(tag)).slice(0, shownTags);
}

interface Inside {
  readonly exchange: Exchange;
  readonly present: ReadonlyMap<Digest, number>;
}

/** Configuration, layers and history of an image, or the content of an artifact. */
async function inside(
  repository: PullRepository,
  reading: ManifestReading | undefined,
  { exchange, present }: Inside,
): Promise<object> {
  if (reading === undefined) return { layers: [], history: [] };
  const { config } = reading;
  const read =
    config === undefined || kindOf(reading) !== "image"
      ? undefined
      : await readConfig(repository, config, looking(exchange));
  const history = historyOf(read?.json, layersOf(reading).length);
  const described = config === undefined ? undefined : reading.blobs[0];
  return {
    config: described && { ...contentView(described, present), ...(read && configView(read)) },
    layers: layersOf(reading).map((layer, index) => ({
      ...contentView(layer, present),
      command: history.find((entry) => entry.layer === index)?.command,
      title: layer.annotations?.["org.opencontainers.image.title"]?.slice(0, 1_000),
    })),
    history,
  };
}
