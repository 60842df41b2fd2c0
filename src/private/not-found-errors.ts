import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { NameResolution } from "./name-resolution.js";

/** Errors for content that a private repository does not have, with what else may have been meant. */
export class NotFoundErrors {
  readonly #name: RepositoryName;
  readonly #resolution: NameResolution;

  constructor(name: RepositoryName, resolution: NameResolution) {
    this.#name = name;
    this.#resolution = resolution;
  }

  ofRepository(): RegistryError {
    const message = `there is no repository ${this.#name}${this.#otherMeaning()}`;
    return new RegistryError("NAME_UNKNOWN", message, { detail: { name: this.#name } });
  }

  ofManifest(reference: Reference): RegistryError {
    const message = `the repository ${this.#name} has no manifest ${reference}${this.#otherMeaning()}`;
    return new RegistryError("MANIFEST_UNKNOWN", message, { detail: { name: this.#name, reference } });
  }

  ofBlob(digest: Digest): RegistryError {
    return new RegistryError("BLOB_UNKNOWN", `the repository ${this.#name} has no blob ${digest}`, {
      detail: { name: this.#name, digest },
    });
  }

  #otherMeaning(): string {
    const meaning = this.#resolution.otherMeaningOf(this.#name);
    return meaning === undefined ? "" : `; ${meaning}`;
  }
}
