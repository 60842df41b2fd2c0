import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import type { Storage } from "../../src/storage/storage.js";
import { storeBlob } from "./blob.js";
import type { ManifestToPush } from "./content.js";
import { privateRepository, putManifest } from "./private-repository.js";
import { emptyConfig, smallImage } from "./small-image.js";

interface ImageOptions {
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Stores a small image as a push does; `text` is its layer. */
export async function storeImage(storage: Storage, text: string, options: ImageOptions = {}): Promise<ManifestToPush> {
  const { name = "team/app", tags = [], fields } = options;
  for (const bytes of [emptyConfig, Buffer.from(text)]) await storeBlob(storage, parseRepositoryName(name), bytes);
  const image = smallImage(text, fields);
  await storeManifest(storage, image, { name, tags });
  return image;
}

/** Stores any manifest, by its digest and by tags, whether its references exist or not. */
export async function storeManifest(
  storage: Storage,
  manifest: ManifestToPush,
  { name = "team/app", tags = [] }: Omit<ImageOptions, "fields"> = {},
): Promise<void> {
  const repository = privateRepository(storage, name, { sparse: true, anyMediaType: true });
  await putManifest(repository, manifest);
  for (const tag of tags) await putManifest(repository, manifest, parseTag(tag));
}
