import type { Config } from "../../config/schema.js";
import { parseWrittenName, type WrittenName } from "../../oci/image-name.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { ownNameOf, shortNameOf, storedNameOf } from "../../proxy/upstream-names.js";
import type { Owners, UpstreamNames } from "../../registry/owners.js";
import { ownersOf, upstreamNamesOf } from "../../serving/upstream-names.js";

/** An image as written on the command line; without tag and digest it is a whole repository. */
export interface WrittenImage extends WrittenName {
  readonly written: string;
}

/** Maps image names to stored names: `alpine:3` is tag `3` of `library/alpine` if Docker Hub is the default. */
export class ImageNames {
  readonly #upstreams: readonly UpstreamNames[];
  readonly #owners: Owners;
  readonly #mode: Config["mode"];

  constructor(config: Config) {
    const { proxy, mode } = config;
    this.#upstreams = proxy.upstreams.map((upstream) => upstreamNamesOf(upstream, proxy.default));
    this.#owners = ownersOf(config);
    this.#mode = mode;
  }

  /** @throws RegistryError if the text is not the name of an image */
  parse(written: string): WrittenImage {
    const parsed = parseWrittenName(written);
    return { ...parsed, written, name: this.#storedName(parsed.name) };
  }

  /** The name as a client of this registry writes it, after the registry's address. */
  written(stored: RepositoryName, upstream: string): string {
    const names = this.#upstreams.find(({ name }) => name === upstream);
    // Content of an earlier configuration is known only by its folder; in hybrid mode a short name may be private.
    const isKnown = names !== undefined && (names.isDefault || stored.startsWith(`${names.prefix}/`));
    return isKnown && this.#mode !== "hybrid" ? shortNameOf(stored, names) : stored;
  }

  #storedName(asked: RepositoryName): RepositoryName {
    const owner = this.#owners.of(asked);
    const names = owner.kind === "upstream" && this.#upstreams.find(({ name }) => name === owner.upstream);
    return names ? storedNameOf(ownNameOf(asked, names), names, this.#owners) : asked;
  }
}
