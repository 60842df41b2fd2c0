import { randomBytes } from "node:crypto";

const wellFormed = /^[\w.-]{1,64}$/;

/** Ids that tell requests apart in logs: of this process's own making, or what a trusted proxy calls the request. */
export class RequestIds {
  readonly #prefix = randomBytes(4).toString("hex");
  #count = 0;

  next(given: string | string[] | undefined): string {
    if (typeof given === "string" && wellFormed.test(given)) return given;
    return `${this.#prefix}-${(++this.#count).toString(36)}`;
  }
}
