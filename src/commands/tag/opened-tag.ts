import { loadConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { createLogger, type FlushableLogger } from "../../observability/winston-logger.js";
import { parseWrittenName } from "../../oci/image-name.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { ExplainedError } from "../../serving/explained-error.js";
import type { Storage } from "../../storage/storage.js";
import { openCollectedStorage } from "../gc/collected-storage.js";

/** A tag that a command is about, and where it is stored. */
export interface OpenedTag {
  readonly name: RepositoryName;
  readonly tag: Tag;
  readonly config: Config;
  readonly storage: Storage;
  readonly log: FlushableLogger;
}

/** @throws RegistryError or ExplainedError if the text is not a tag, or the storage cannot be opened */
export async function openTag(written: string, { config: file }: { config?: string }): Promise<OpenedTag> {
  const { name, tag, digest } = parseWrittenName(written);
  if (tag === undefined || digest !== undefined)
    throw new ExplainedError(`${written} is not a tag; write it as team/app:1.0`);
  const { config } = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  const log = createLogger({ ...config.log, level: "warn" }, process.stderr);
  return { name, tag, config, storage: await openCollectedStorage(config, log), log };
}
