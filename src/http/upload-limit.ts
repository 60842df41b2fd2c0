import { RegistryError } from "../oci/errors.js";

/** Bounds how many bodies are received at once. */
export class UploadLimit {
  readonly #most: number;
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws RegistryError TOOMANYREQUESTS when as many run as may */
  async run<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#most) {
      throw new RegistryError("TOOMANYREQUESTS", `${this.#most} uploads are running, and no more may at once`, {
        headers: { "Retry-After": "5" },
      });
    }
    this.#running++;
    try {
      return await action();
    } finally {
      this.#running--;
    }
  }
}
