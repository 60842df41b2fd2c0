import { inParallel } from "../../foundation/in-parallel.js";
import type { Exchange } from "../../http/exchange.js";
import { collectBeside, planCollection } from "../../maintenance/collect.js";
import type { CollectionTimes } from "../../maintenance/unneeded-content.js";
import { purgeUploads } from "../../maintenance/upload-purge.js";
import { WorkShare } from "../../maintenance/work-share.js";
import { parseImageName } from "../../oci/image-name.js";
import { parsePlatform } from "../../oci/platform.js";
import { findRepository } from "../../proxy/warming/find-repository.js";
import type { WantedPlatforms } from "../../proxy/warming/image-content.js";
import { type ImageToWarm, ImageWarmer } from "../../proxy/warming/image-warmer.js";
import type { Context } from "../../registry/context.js";
import type { Registry } from "../../registry/registry.js";
import type { Storage } from "../../storage/storage.js";
import { badRequest } from "../query.js";
import { requireAdmin } from "./administration.js";
import type { JobBoard, JobImage, JobToRun } from "./job-board.js";
import { JsonBody } from "./json-body.js";

const imagesAtOnce = 2;
const blobsAtOnce = 4;
const imagesOfJob = { most: 100, longest: 400 };
const platformsOfJob = { most: 20, longest: 100 };

interface JobParts {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly jobs: JobBoard;
  readonly upstreams: readonly { readonly prefix: string }[];
  /** Milliseconds without a byte after which an upload counts as abandoned. */
  readonly uploadsExpireMs: number;
  readonly collecting: CollectingSettings;
}

/** How garbage is collected beside clients. */
export interface CollectingSettings {
  readonly times: CollectionTimes;
  /** The part of the time in which it works. */
  readonly share: number;
}

/** Starts a task of an administrator. */
export async function startJob(exchange: Exchange, parts: JobParts): Promise<unknown> {
  requireAdmin(exchange);
  const body = await JsonBody.read(exchange, ["task", "images", "platforms"]);
  const task = body.text("task", 50);
  if (task === "warm") return parts.jobs.start(await warming(exchange, body, parts));
  if (task === "purge-uploads") return parts.jobs.start(purging(exchange, parts));
  if (task === "collect" || task === "plan-collection") return parts.jobs.start(collecting(exchange, task, parts));
  throw badRequest("task must be warm, purge-uploads, collect or plan-collection");
}

/** All images must have an owner before any is downloaded. */
async function warming(
  exchange: Exchange,
  body: JsonBody,
  { registry, storage, upstreams }: JobParts,
): Promise<JobToRun> {
  const platforms = platformsOf(body.texts("platforms", platformsOfJob));
  const titles = [...new Set(body.texts("images", imagesOfJob))];
  if (titles.length === 0) throw badRequest("images must name at least one image, such as docker.io/library/alpine:3");
  if (upstreams.length === 0) throw badRequest("this registry caches no other ones, so there is nothing to download");
  const prefixes = upstreams.map(({ prefix }) => prefix);
  const listed: ImageToWarm[] = [];
  for (const title of titles) {
    const name = parseImageName(title);
    const repository = await findRepository(name, { registry, prefixes, context: exchange });
    listed.push({ title, repository, reference: name.reference });
  }
  const images: JobImage[] = titles.map((image) => ({ image, state: "waiting" }));
  const { id, caller, access, log } = exchange;
  const run = async (signal: AbortSignal) => {
    const warmer = new ImageWarmer({ storage, platforms, concurrency: blobsAtOnce, watch: { begin() {}, end() {} } });
    const context = { id, caller, access, log, signal };
    await inParallel([...listed.entries()], imagesAtOnce, async ([place, image]) => {
      const shown = images[place];
      if (shown !== undefined) await warmOne(warmer, image, shown, context);
    });
    const failed = images.filter(({ state }) => state === "failed").length;
    if (failed > 0) throw new Error(`${failed} of ${images.length} images could not be downloaded completely`);
    return `${images.length} images are stored`;
  };
  return { task: "warm", user: access?.identity.user, images, run };
}

async function warmOne(warmer: ImageWarmer, image: ImageToWarm, shown: JobImage, context: Context): Promise<void> {
  context.signal.throwIfAborted();
  shown.state = "running";
  const { fetched, failure } = await warmer.warm(image, context);
  shown.downloaded = fetched;
  shown.state = failure === undefined ? "done" : "failed";
  if (failure !== undefined) shown.problem = failure instanceof Error ? failure.message : String(failure);
}

function platformsOf(texts: readonly string[]): WantedPlatforms {
  if (texts.length === 0) return "all";
  return texts.map((text) => {
    const platform = parsePlatform(text);
    if (platform === undefined) throw badRequest(`${text} is not a platform such as linux/amd64`);
    return platform;
  });
}

function purging({ access, log }: Exchange, { storage, uploadsExpireMs }: JobParts): JobToRun {
  const run = async () => {
    await purgeUploads(storage, Date.now() - uploadsExpireMs, log);
    return "abandoned uploads are removed";
  };
  return { task: "purge-uploads", user: access?.identity.user, run };
}

/** Collects garbage beside clients, or only says what would be collected. */
function collecting(
  { access, log }: Exchange,
  task: "collect" | "plan-collection",
  { storage, collecting: { times, share } }: JobParts,
): JobToRun {
  const run = async (signal: AbortSignal) => {
    const work = new WorkShare(share, signal);
    const problem = (text: string) => log.warn(`garbage collection: ${text}`);
    const report = { repositories() {}, marked() {}, goes() {}, stays() {}, found() {}, problem };
    const settings = { deleteUntagged: false, times, report, pace: () => work.rest() };
    const walked = storage.forWalk(log);
    const collect = task === "collect" ? collectBeside(walked, settings) : planCollection(walked, settings);
    const { bytes, waiting } = await collect;
    const freed = task === "collect" ? "were freed" : "would be freed";
    return `${bytes} bytes ${freed}; ${waiting} unneeded items wait to be deleted`;
  };
  return { task, user: access?.identity.user, run };
}
