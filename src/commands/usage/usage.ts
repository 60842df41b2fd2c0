import { loadConfig } from "../../config/load.js";
import { namePattern } from "../../config/name-kinds.js";
import type { Config } from "../../config/schema.js";
import { showBytes } from "../../foundation/byte-amount.js";
import { createLogger } from "../../observability/winston-logger.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { Quotas, type QuotaUse } from "../../private/quotas.js";
import { NamePatterns } from "../../registry/name-patterns.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { addContentOf } from "../../storage/content/unique-content.js";
import type { Storage } from "../../storage/storage.js";
import { table } from "../cache/table.js";
import { openCollectedStorage } from "../gc/collected-storage.js";

export interface UsageFlags {
  readonly config?: string | undefined;
  readonly json: boolean;
}

interface RepositoryUse {
  readonly name: RepositoryName;
  /** Bytes of all that it links to. */
  readonly bytes: number;
}

/** Prints the use of all quotas, or of the repositories that match a name. */
export async function showUsage(name: string | undefined, flags: UsageFlags): Promise<void> {
  const { config } = await loadConfig({ file: flags.config, environment: process.env, directory: process.cwd() });
  const log = createLogger({ ...config.log, level: "error" }, process.stderr);
  const storage = await openCollectedStorage(config, log);
  const print = (json: unknown, text: () => string) =>
    void process.stdout.write(flags.json ? `${JSON.stringify(json, undefined, 2)}\n` : text());
  if (name === undefined) {
    const quotas = await usesOf(config, storage);
    print({ quotas }, () => quotaTable(quotas));
  } else {
    const usage = await usageOf(storage, name);
    print(usage, () => repositoryTable(usage));
  }
}

function usesOf(config: Config, storage: Storage): Promise<readonly QuotaUse[]> {
  return new Quotas(storage, config.private.quotas).use();
}

async function usageOf(storage: Storage, pattern: string) {
  if (namePattern.parse(pattern, "") === undefined)
    throw new ExplainedError(`${pattern} must be the name of a repository, or a pattern such as team/**`);
  const patterns = new NamePatterns([pattern]);
  const all = new Map<Digest, number>();
  const repositories: RepositoryUse[] = [];
  for await (const { name } of storage.index.repositories()) {
    if (patterns.find(name) === undefined) continue;
    const own = new Map<Digest, number>();
    await addContentOf(storage, name, own);
    for (const [digest, size] of own) all.set(digest, size);
    repositories.push({ name, bytes: sumOf(own) });
  }
  if (repositories.length === 0) throw new ExplainedError(`no repository matches ${pattern}`);
  return { pattern, bytes: sumOf(all), blobs: all.size, repositories };
}

function sumOf(sizes: ReadonlyMap<Digest, number>): number {
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

function quotaTable(quotas: readonly QuotaUse[]): string {
  if (quotas.length === 0) return "private.quotas has no quotas; berth usage NAME shows what a repository uses\n";
  return table(
    ["QUOTA", "USED", "ALLOWED", "LEFT"],
    quotas.map(({ repositories, used, limit }) => [
      repositories.join(", "),
      showBytes(used),
      showBytes(limit),
      showBytes(Math.max(0, limit - used)),
    ]),
  );
}

function repositoryTable({ repositories, bytes, blobs }: Awaited<ReturnType<typeof usageOf>>): string {
  const rows = repositories.map((each) => [each.name, showBytes(each.bytes)]);
  return `${table(["REPOSITORY", "SIZE"], rows)}${showBytes(bytes)} in ${blobs} ${blobs === 1 ? "blob or manifest" : "blobs and manifests, each counted once"}\n`;
}
