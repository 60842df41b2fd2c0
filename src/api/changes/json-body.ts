import type { Reservation } from "../../foundation/semaphore.js";
import type { Exchange } from "../../http/exchange.js";
import { readBody, refuseEncodedBody } from "../../http/read-body.js";
import { RegistryError } from "../../oci/errors.js";
import { badRequest } from "../query.js";

/** A body of this size needs no room. */
const largestBody = 64 * 1024;
const noRoom: Reservation = { take: async () => {} };

/** The JSON object of a request's body, whose fields are checked when they are read. */
export class JsonBody {
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @throws RegistryError with a status 4xx if there is none, or if it has other fields than these */
  static async read(exchange: Exchange, fields: readonly string[]): Promise<JsonBody> {
    refuseEncodedBody(exchange);
    // A form of another site cannot send this type without a question beforehand (CORS), which nobody answers.
    if (!/^application\/json(?:\s*;|$)/i.test(exchange.header("content-type") ?? ""))
      throw new RegistryError("UNSUPPORTED", "the body must be application/json", { status: 415 });
    const json = parse(await readBody(exchange, largestBody, noRoom));
    const unknown = Object.keys(json).find((key) => !fields.includes(key));
    if (unknown !== undefined) throw badRequest(`the body has an unknown field, ${unknown.slice(0, 100)}`);
    return new JsonBody(json);
  }

  private constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  text(field: string, longest: number): string {
    const text = this.optionalText(field, longest);
    if (text === undefined) throw badRequest(`the body must have the field ${field}`);
    return text;
  }

  optionalText(field: string, longest: number): string | undefined {
    const value = this.#fields[field];
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.length <= longest) return value;
    throw badRequest(`${field} must be a text of at most ${longest} characters`);
  }

  flag(field: string): boolean {
    const value = this.#fields[field] ?? false;
    if (typeof value === "boolean" && this.#fields[field] !== null) return value;
    throw badRequest(`${field} must be true or false`);
  }

  /** A whole number, if there is one. */
  optionalNumber(field: string, least: number, most: number): number | undefined {
    const value = this.#fields[field];
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw badRequest(`${field} must be a whole number from ${least} to ${most}`);
  }

  texts(field: string, { most, longest }: { readonly most: number; readonly longest: number }): readonly string[] {
    const value = this.#fields[field];
    if (value === undefined) return [];
    const isRight = (each: unknown): each is string => typeof each === "string" && each.length <= longest;
    if (Array.isArray(value) && value.length <= most && value.every(isRight)) return value;
    throw badRequest(`${field} must be a list of at most ${most} texts of at most ${longest} characters`);
  }
}

function parse(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(bytes.toString());
    // Not null, and not a list, so it has fields.
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch {
    // Reported below.
  }
  throw badRequest("the body must be a JSON object");
}
