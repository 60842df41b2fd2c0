import type { Digest } from "../../../src/oci/digest.js";
import type { FakeUpstream } from "../fake-upstream.js";
import type { RegistryClient } from "../registry-client.js";
import type { Scope } from "../scope.js";

/** An image of an odd upstream: what must arrive, byte for byte. */
export interface OddImage {
  /** Of the repository, as the cache's clients say it. */
  readonly name: string;
  /** Of the repository, as the upstream has it. */
  readonly nameThere: string;
  readonly digest: Digest;
  readonly manifest: Buffer;
  readonly blobs: ReadonlyMap<Digest, Buffer>;
}

/** A manifest as JSON, for an oddity to change. */
export type ManifestJson = Record<string, unknown> & { config: object; layers: readonly object[] };

/** What an oddity wants tried: the cache in front of the upstream, and the images that the upstream has. */
export interface Attempt {
  readonly client: RegistryClient;
  readonly upstream: FakeUpstream;
  readonly images: readonly OddImage[];
  /** Pulls an image as clients do; throws the first thing that is wrong. */
  readonly pull: (image: OddImage) => Promise<void>;
}

/** An unusual way of a registry to answer, and how it is seen that a cache copes with it. */
export interface Oddity {
  /** What the upstream does, and where this is known from. */
  readonly title: string;
  /** What the upstream asks for before it answers. */
  readonly auth?: "bearer" | "basic";
  /** Prepares the upstream. What is returned has the images, if the upstream itself has not. */
  readonly arrange?: (upstream: FakeUpstream, scope: Scope) => FakeUpstream | undefined | Promise<FakeUpstream>;
  /** Changes the manifest of each image, which is what is odd. */
  readonly manifest?: (manifest: ManifestJson) => Record<string, unknown>;
  /** Further layers that each image has, no archives, made from a text that no other image has. */
  readonly extraLayers?: (unique: string) => readonly Buffer[];
  /** Settings of the cache that make it quick to see. Only Berth has such. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly login?: { readonly username: string; readonly password: string };
  /** In place of pulling one image after the other. */
  readonly attempt?: (attempt: Attempt) => Promise<void>;
  /** Real clients are not tried with it: what is odd shows only in what `attempt` does. */
  readonly notForClients?: true;
}
