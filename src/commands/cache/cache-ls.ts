import { loadConfig } from "../../config/load.js";
import { showBytes } from "../../foundation/byte-amount.js";
import { type CachedImage, cachedRepositories, imagesOf } from "../../images/images.js";
import { createLogger } from "../../observability/winston-logger.js";
import type { Digest } from "../../oci/digest.js";
import { openStorage } from "../../storage/open-storage.js";
import type { Storage } from "../../storage/storage.js";
import { ImageNames } from "./image-names.js";
import { table } from "./table.js";

/** An image in the list; with `--json`, an object with these keys. */
interface ListedImage {
  readonly name: string;
  readonly tags: readonly string[];
  readonly digest: Digest | undefined;
  /** How many images for single platforms are cached. */
  readonly images: number;
  /** Bytes cached for it, including those that it shares with other images. */
  readonly size: number;
  readonly lastUse: string | undefined;
  /** When the upstream last confirmed one of its tags. */
  readonly confirmed: string | undefined;
}

/** Prints the cached images. */
export async function listCache(filter: string | undefined, options: { config?: string; json?: true }): Promise<void> {
  const { config } = await loadConfig({
    file: options.config,
    environment: process.env,
    directory: process.cwd(),
  });
  const log = createLogger(config.log, process.stderr);
  const storage = await openStorage(config.storage, log);
  const images = await listedImages(storage, new ImageNames(config), filter ?? "");
  if (images.length === 0 && config.mode === "private") process.stderr.write(`berth: ${nothingInPrivateMode}\n`);
  process.stdout.write(options.json ? `${JSON.stringify(images, undefined, 2)}\n` : asTable(images));
}

const nothingInPrivateMode =
  "nothing is cached in mode: private; if there is a cache, name its settings (--config FILE, BERTH_MODE)";

async function listedImages(storage: Storage, names: ImageNames, prefix: string): Promise<ListedImage[]> {
  const listed: ListedImage[] = [];
  for await (const { name, upstream } of cachedRepositories(storage)) {
    const written = names.written(name, upstream);
    if (!written.startsWith(prefix) && !name.startsWith(prefix)) continue;
    for (const image of await imagesOf(storage, name, upstream))
      listed.push(await listedImage(storage, written, image));
  }
  return listed.sort((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)));
}

async function listedImage(storage: Storage, name: string, image: CachedImage): Promise<ListedImage> {
  const held = [...image.manifests, ...image.blobs];
  const sizes = await Promise.all(held.map((digest) => storage.blobs.size(digest)));
  const checks = await Promise.all(
    [...image.tags.keys()].map((tag) => storage.tagChecks.readCheckedAt(image.name, tag)),
  );
  return {
    name,
    tags: [...image.tags.keys()],
    digest: image.digest,
    images: Math.max(1, image.manifests.length - 1),
    size: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    lastUse: asDate(image.usedMs),
    confirmed: asDate(Math.max(0, ...checks.map((check) => check ?? 0))),
  };
}

function asDate(ms: number): string | undefined {
  return ms === 0 ? undefined : new Date(ms).toISOString();
}

function asTable(images: readonly ListedImage[]): string {
  const rows = images.map(({ name, tags, digest, images: count, size, lastUse, confirmed }) => [
    name,
    tags.join(",") || "-",
    digest?.slice(0, "sha256:".length + 12) ?? "blobs without manifest",
    String(count),
    showBytes(size),
    shortDate(lastUse),
    shortDate(confirmed),
  ]);
  return table(["NAME", "TAGS", "DIGEST", "IMAGES", "SIZE", "LAST USE", "CONFIRMED"], rows);
}

/** To the minute, in UTC like the log. */
function shortDate(date: string | undefined): string {
  return date === undefined ? "-" : `${date.slice(0, 16).replace("T", " ")}Z`;
}
