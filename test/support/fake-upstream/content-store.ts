import { createHash } from "node:crypto";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { type Digest, type DigestAlgorithm, digestOf, isDigest } from "../../../src/oci/digest.js";
import { parseManifest } from "../../../src/oci/manifest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { emptyConfigType, layerType } from "../content.js";
import { type Content, contentOf } from "./content.js";

/** A manifest as stored in a registry. */
export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** An image that was added to the store. */
export interface StoredImage extends StoredManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** The content of a repository. */
class Repository {
  readonly blobs = new Map<string, Content>();
  readonly manifests = new Map<string, StoredManifest>();
  readonly tags = new Map<string, Digest>();
}

/** The repositories of a fake upstream; tests change them while it runs. */
export class ContentStore {
  readonly #repositories = new Map<string, Repository>();

  /** Creates the repository if needed. */
  #of(name: string): Repository {
    const repository = this.#repositories.get(name) ?? new Repository();
    this.#repositories.set(name, repository);
    return repository;
  }

  addBlob(name: string, bytes: Buffer, mediaType = layerType, algorithm?: DigestAlgorithm): Descriptor {
    const digest = digestOf(bytes, algorithm);
    this.#of(name).blobs.set(digest, contentOf(bytes));
    return { mediaType, digest, size: bytes.length };
  }

  /** Adds content of any size by reading it once. */
  addLargeBlob(name: string, content: Content, mediaType = layerType): Descriptor {
    const hash = createHash("sha256");
    const step = 1024 * 1024;
    for (let start = 0; start < content.size; start += step) {
      hash.update(content.slice(start, Math.min(start + step, content.size)));
    }
    const digest: Digest = `sha256:${hash.digest("hex")}`;
    this.#of(name).blobs.set(digest, content);
    return { mediaType, digest, size: content.size };
  }

  /** Adds a manifest, and points the tag to it if one is given. */
  addManifest(
    name: string,
    json: Readonly<Record<string, unknown>> & { mediaType: string },
    tag?: string,
    algorithm?: DigestAlgorithm,
  ): StoredManifest {
    return this.addManifestBytes(
      name,
      Buffer.from(JSON.stringify({ schemaVersion: 2, ...json })),
      json.mediaType,
      tag,
      algorithm,
    );
  }

  /** Adds a manifest byte for byte. */
  addManifestBytes(
    name: string,
    bytes: Buffer,
    mediaType: string,
    tag?: string,
    algorithm?: DigestAlgorithm,
  ): StoredManifest {
    const digest = digestOf(bytes, algorithm);
    const manifest = { descriptor: { mediaType, digest, size: bytes.length }, bytes };
    this.#of(name).manifests.set(digest, manifest);
    if (tag !== undefined) this.#of(name).tags.set(tag, digest);
    return manifest;
  }

  /** Adds an image of these layers, and points the tag to it if one is given. */
  addImage(name: string, layers: readonly (Buffer | Descriptor)[], tag?: string): StoredImage {
    const descriptors = layers.map((layer) => (Buffer.isBuffer(layer) ? this.addBlob(name, layer) : layer));
    const config = this.addBlob(name, Buffer.from(JSON.stringify({ rootfs: descriptors.length })), emptyConfigType);
    const manifest = this.addManifest(name, { mediaType: mediaTypes.ociManifest, config, layers: descriptors }, tag);
    return { ...manifest, config, layers: descriptors };
  }

  /** Adds an index of these manifests, and points the tag to it if one is given. */
  addIndex(name: string, manifests: readonly StoredManifest[], tag?: string): StoredManifest {
    const descriptors = manifests.map(({ descriptor }) => descriptor);
    return this.addManifest(name, { mediaType: mediaTypes.ociIndex, manifests: descriptors }, tag);
  }

  /** Moves or creates a tag. */
  tag(name: string, tag: string, digest: Digest): void {
    this.#of(name).tags.set(tag, digest);
  }

  removeTag(name: string, tag: string): void {
    this.#of(name).tags.delete(tag);
  }

  removeManifest(name: string, digest: Digest): void {
    this.#of(name).manifests.delete(digest);
  }

  removeBlob(name: string, digest: Digest): void {
    this.#of(name).blobs.delete(digest);
  }

  findManifest(name: string, reference: string): StoredManifest | undefined {
    const repository = this.#repositories.get(name);
    return repository?.manifests.get(isDigest(reference) ? reference : (repository.tags.get(reference) ?? ""));
  }

  findBlob(name: string, digest: string): Content | undefined {
    return this.#repositories.get(name)?.blobs.get(digest);
  }

  /** In code point order; `undefined` if there is no such repository. */
  findTags(name: string): string[] | undefined {
    const repository = this.#repositories.get(name);
    return repository && [...repository.tags.keys()].sort();
  }

  findReferrers(name: string, subject: string): Descriptor[] {
    const manifests = [...(this.#repositories.get(name)?.manifests.values() ?? [])];
    return manifests.flatMap(({ descriptor, bytes }) => {
      const { subject: target, artifactType, annotations } = parseManifest(bytes);
      if (target?.digest !== subject) return [];
      return [{ ...descriptor, ...(artifactType !== undefined && { artifactType }), annotations }];
    });
  }
}
