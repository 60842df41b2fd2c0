import type { Digest } from "../../../src/oci/digest.js";
import type { FakeUpstream } from "../fake-upstream.js";
import type { RegistryClient } from "../registry-client.js";
import type { Scope } from "../scope.js";

/** An image of an odd upstream: what must arrive, byte for byte. */
export interface OddImage {
  /** The repository's name for clients of the cache. */
  readonly name: string;
  /** The repository's name at the upstream. */
  readonly nameThere: string;
  readonly digest: Digest;
  readonly manifest: Buffer;
  readonly blobs: ReadonlyMap<Digest, Buffer>;
}

/** A manifest as JSON, for an oddity to change. */
export type ManifestJson = Record<string, unknown> & { config: object; layers: readonly object[] };

/** What to try: the cache of the upstream, and the upstream's images. */
export interface Attempt {
  readonly client: RegistryClient;
  readonly upstream: FakeUpstream;
  readonly images: readonly OddImage[];
  /** Pulls an image as clients do; throws the first error. */
  readonly pull: (image: OddImage) => Promise<void>;
}

/** An unusual behaviour of a registry, and how to see that a cache copes with it. */
export interface Oddity {
  /** What the upstream does, and where this is known from. */
  readonly title: string;
  /** The authentication that the upstream demands. */
  readonly auth?: "bearer" | "basic";
  /** Prepares the upstream. The result has the images, if the upstream itself has not. */
  readonly arrange?: (upstream: FakeUpstream, scope: Scope) => FakeUpstream | undefined | Promise<FakeUpstream>;
  /** Changes the manifest of each image, which is the oddity. */
  readonly manifest?: (manifest: ManifestJson) => Record<string, unknown>;
  /** More layers for each image: not archives, but made from a text that no other image has. */
  readonly extraLayers?: (unique: string) => readonly Buffer[];
  /** Settings of the cache that make the test fast. Only Berth has such settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly login?: { readonly username: string; readonly password: string };
  /** Instead of pulling one image after another. */
  readonly attempt?: (attempt: Attempt) => Promise<void>;
  /** Not tried with real clients: the oddity shows only in what `attempt` does. */
  readonly notForClients?: true;
}
