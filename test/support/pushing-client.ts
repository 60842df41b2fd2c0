import { strict as assert } from "node:assert";
import { setTimeout as delay } from "node:timers/promises";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import {
  expectStatus,
  finishUpload,
  type ManifestToPush,
  manifestOf,
  pullWhole,
  pushBlob,
  pushManifest,
  seededBytes,
} from "./content.js";
import type { RegistryClient } from "./registry-client.js";
import { wholeNumber } from "./seeded-random.js";
import { descriptorOf } from "./small-image.js";

const repositories = ["team/one", "team/two", "other"] as const;
/** So few that clients share layers, and so many that each is unneeded, and claimed by nobody, now and then. */
const layers = 300;
/** Of one client. */
const imagesAtMost = 6;
const longestPauseMs = 400;

interface PushedImage {
  readonly name: string;
  readonly manifest: ManifestToPush;
  readonly blobs: readonly Digest[];
}

/**
 * A client that pushes images with layers that other clients push, too, skips what it is told to be there, mounts,
 * pulls, deletes and moves tags. It fails as soon as the registry breaks a promise.
 */
export class PushingClient {
  /** Acknowledged images by name and tag. */
  readonly #tagged = new Map<string, PushedImage>();
  /** Every manifest that was acknowledged and not deleted. */
  readonly #images = new Set<PushedImage>();
  readonly #client: RegistryClient;
  readonly #id: string;
  readonly #random: () => number;
  #count = 0;
  #skipped = 0;
  #mounted = 0;

  constructor(client: RegistryClient, id: string, random: () => number) {
    this.#client = client;
    this.#id = id;
    this.#random = random;
  }

  get told(): string {
    return `${this.#count} images, ${this.#skipped} uploads skipped, ${this.#mounted} mounts`;
  }

  /** Everything that its images need. */
  get needed(): Digest[] {
    return [...this.#images].flatMap(({ manifest, blobs }) => [manifest.descriptor.digest, ...blobs]);
  }

  async work(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const choice = this.#random();
      if (this.#images.size > imagesAtMost) await this.#deleteOne();
      else if (choice < 0.55) await this.#push();
      else if (choice < 0.75) await this.#pullOne();
      else if (choice < 0.8) await this.#deleteTag();
      else await this.#deleteOne();
      await this.#pause();
    }
  }

  async pullAll(): Promise<void> {
    for (const [tag, image] of this.#tagged) {
      const [digest] = await pullWhole(this.#client, image.name, tag.slice(tag.indexOf(":") + 1));
      assert.equal(digest, image.manifest.descriptor.digest, tag);
    }
    for (const { name, manifest } of this.#images) await pullWhole(this.#client, name, manifest.descriptor.digest);
  }

  async #push(): Promise<void> {
    const name = this.#oneOf(repositories);
    const config = Buffer.from(JSON.stringify({ of: this.#id, number: this.#count++ }));
    const contents = [config, ...Array.from({ length: wholeNumber(this.#random, 1, 4) }, () => this.#layer())];
    for (const content of contents) await this.#pushBlob(name, content);
    await this.#pause();
    const [first, ...others] = contents.map((content) => descriptorOf(content));
    const manifest = manifestOf({ mediaType: mediaTypes.ociManifest, config: first, layers: others });
    const tag = `${this.#id}-${wholeNumber(this.#random, 0, 5)}`;
    const image = { name, manifest, blobs: contents.map((content) => digestOf(content)) };
    await pushManifest(this.#client, name, manifest, tag);
    this.#tagged.set(`${name}:${tag}`, image);
    this.#images.add(image);
  }

  /** Some clients mount without asking first, as docker does. */
  async #pushBlob(name: string, content: Buffer): Promise<void> {
    if (this.#random() < 0.25) return this.#mountOrPush(name, content);
    const digest = digestOf(content);
    const asked = await this.#client.request("HEAD", `/v2/${name}/blobs/${digest}`);
    if (asked.status === 200) {
      this.#skipped++;
      return;
    }
    expectStatus(asked, 404, `HEAD of ${digest}`);
    if (this.#random() < 0.5) await this.#mountOrPush(name, content);
    else await pushBlob(this.#client, name, content);
  }

  async #mountOrPush(name: string, content: Buffer): Promise<void> {
    const [digest, from] = [digestOf(content), this.#oneOf(repositories)];
    const answer = await this.#client.request("POST", `/v2/${name}/blobs/uploads/?mount=${digest}&from=${from}`);
    if (answer.status === 201) {
      this.#mounted++;
      return;
    }
    expectStatus(answer, 202, `mount of ${digest}`);
    await finishUpload(this.#client, answer, content, digest);
  }

  async #pullOne(): Promise<void> {
    const image = this.#oneOf([...this.#images]);
    if (image !== undefined) await pullWhole(this.#client, image.name, image.manifest.descriptor.digest);
  }

  async #deleteOne(): Promise<void> {
    const image = this.#oneOf([...this.#images]);
    if (image === undefined) return;
    this.#images.delete(image);
    for (const [tag, tagged] of this.#tagged) if (tagged === image) this.#tagged.delete(tag);
    const target = `/v2/${image.name}/manifests/${image.manifest.descriptor.digest}`;
    expectStatus(await this.#client.request("DELETE", target), 202, `DELETE of ${target}`);
  }

  /** The image stays, without that tag. */
  async #deleteTag(): Promise<void> {
    const [tagged, image] = this.#oneOf([...this.#tagged]) ?? [];
    if (tagged === undefined || image === undefined) return;
    this.#tagged.delete(tagged);
    const target = `/v2/${image.name}/manifests/${tagged.slice(tagged.indexOf(":") + 1)}`;
    expectStatus(await this.#client.request("DELETE", target), 202, `DELETE of ${target}`);
  }

  #layer(): Buffer {
    const number = wholeNumber(this.#random, 0, layers);
    return seededBytes(`layer ${number}`, 500 + number * 70);
  }

  #oneOf<Item>(items: readonly Item[]): Item;
  #oneOf<Item>(items: readonly Item[]): Item | undefined {
    return items[wholeNumber(this.#random, 0, items.length)];
  }

  async #pause(): Promise<void> {
    await delay(this.#random() * longestPauseMs);
  }
}
