import type { Digest } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import type { Platform } from "../../oci/platform.js";
import type { Context } from "../../registry/context.js";
import type { OpenedBlob, PullRepository } from "../../registry/repository.js";
import { wholeBlob } from "../../registry/span-reader.js";

/** Parsing more would keep the event loop for too long. Real ones have some kilobytes, and rarely some hundred. */
const largestConfig = 2 * 1024 * 1024;

type Json = Readonly<Record<string, unknown>>;

/** A configuration, or why there is none to show. */
export interface ReadConfig {
  readonly isStored: boolean;
  /** `undefined` if it cannot be shown. */
  readonly json?: Json | undefined;
  /** In a sentence. */
  readonly problem?: string | undefined;
}

/** Reads the configuration of an image, which anyone who may push can make as large and as odd as they like. */
export async function readConfig(repository: PullRepository, digest: Digest, context: Context): Promise<ReadConfig> {
  const opened = await openStored(repository, digest, context);
  if (opened === undefined) return { isStored: false, problem: "it is not stored here" };
  try {
    if (opened.size > largestConfig) {
      const problem = `it has ${opened.size} bytes, and at most ${largestConfig} are shown`;
      return { isStored: true, problem };
    }
    const json = parseObject(await readAll(opened));
    return { isStored: true, json, ...(json === undefined && { problem: "it is not a JSON object" }) };
  } finally {
    await opened.content.close();
  }
}

/** The platform that a configuration names (image-spec, "OCI Image Configuration"). */
export function platformOfConfig(json: Json | undefined): Platform | undefined {
  const { os, architecture, variant } = json ?? {};
  if (typeof os !== "string" || typeof architecture !== "string" || os === "" || architecture === "") return undefined;
  const cut = (text: string) => text.slice(0, 100);
  const platform = { os: cut(os), architecture: cut(architecture) };
  return typeof variant === "string" && variant !== "" ? { ...platform, variant: cut(variant) } : platform;
}

async function openStored(
  repository: PullRepository,
  digest: Digest,
  context: Context,
): Promise<OpenedBlob | undefined> {
  try {
    return await repository.openBlob(digest, wholeBlob, context);
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return undefined;
    throw error;
  }
}

async function readAll({ content, size }: OpenedBlob): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const count = await content.read(bytes.subarray(length));
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function parseObject(bytes: Buffer): Json | undefined {
  try {
    const json: unknown = JSON.parse(bytes.toString());
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
