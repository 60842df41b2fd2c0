import type { Reference } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import type { PrivateRules } from "../../src/private/manifest-rules.js";
import { privateNameResolution } from "../../src/private/name-resolution.js";
import { PrivateRepository } from "../../src/private/private-repository.js";
import { Quotas } from "../../src/private/quotas.js";
import { RunningUploads } from "../../src/private/running-uploads.js";
import type { Context } from "../../src/registry/context.js";
import type { Chunk, IncomingContent, PushRepository } from "../../src/registry/repository.js";
import type { Storage } from "../../src/storage/storage.js";
import type { ManifestToPush } from "./content.js";
import { RecordedLog } from "./recorded-log.js";

const defaultRules: PrivateRules = { delete: true, sparse: false, anyMediaType: false };

/** A repository without HTTP. */
export function privateRepository(
  storage: Storage,
  name = "team/app",
  rules: Partial<PrivateRules> = {},
  quotas = new Quotas(storage, []),
): PushRepository {
  return new PrivateRepository(parseRepositoryName(name), storage, {
    rules: { ...defaultRules, ...rules },
    running: new RunningUploads(storage, { maxOpen: 1_000, maxOpenPerClient: 1_000 }),
    resolution: privateNameResolution(storage, false),
    quotas,
  });
}

/** For a request that is never aborted. */
export function patientContext(signal = new AbortController().signal): Context {
  return { id: "test", signal, caller: { address: "127.0.0.1", network: "127.0.0.1" }, log: new RecordedLog() };
}

/** A complete body; `undefined` as a piece cuts it off there. */
export function incoming(...pieces: readonly (Buffer | string | undefined)[]): IncomingContent {
  return {
    break: () => {},
    async *[Symbol.asyncIterator]() {
      for (const piece of pieces) {
        if (piece === undefined) throw new Error("the connection is gone");
        yield Buffer.from(piece);
      }
    },
  };
}

export function chunk(...pieces: readonly (Buffer | string | undefined)[]): Chunk {
  return { content: incoming(...pieces) };
}

/** Pushes a manifest by a tag, or by its digest. */
export async function putManifest(
  repository: PushRepository,
  { bytes, descriptor }: ManifestToPush,
  reference: Reference = descriptor.digest,
): Promise<void> {
  const manifest = { reference, bytes: Buffer.from(bytes), contentType: descriptor.mediaType, tags: [] };
  await repository.putManifest(manifest, patientContext());
}
