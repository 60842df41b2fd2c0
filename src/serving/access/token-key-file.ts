import { randomUUID } from "node:crypto";
import { link, mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createTokenKey, readTokenKey, type TokenKey, tokenKeyOfSeed } from "../../auth/tokens/token-keys.js";
import { ConfigError, messageOf } from "../../config/problem.js";
import type { Config } from "../../config/schema.js";
import { readSmallText } from "../../foundation/small-file.js";
import type { Logger } from "../../observability/logger.js";

/** Where Berth stores the key that it creates: on the disk of the data, never in a bucket. */
const ownKey = ".berth/token.key";

/**
 * The keys that sign and verify tokens. The first one signs.
 * @param seed of the key that is used where none can be stored: all workers have the same, whatever was reloaded
 * @throws ConfigError if a configured file cannot be used
 */
export async function tokenKeysOf(config: Config, seed: Buffer, log: Logger): Promise<readonly TokenKey[]> {
  const files = config.access?.tokenKeyFile;
  if (files !== undefined) return Promise.all(files.map(readConfiguredKey));
  if (config.storage.driver !== "filesystem") return [await readTokenKey(tokenKeyOfSeed(seed))];
  const file = join(config.storage.filesystem.root, ownKey);
  try {
    return [await readTokenKey(await readOrCreate(file))];
  } catch (cause) {
    log.warn("the signing key of tokens could not be stored: logins end when Berth stops", { file, cause });
    return [await readTokenKey(tokenKeyOfSeed(seed))];
  }
}

async function readConfiguredKey(file: string): Promise<TokenKey> {
  try {
    return await readTokenKey(await readSmallText(file));
  } catch (error) {
    throw new ConfigError([{ where: file, path: ["access", "tokenKeyFile"], message: messageOf(error) }]);
  }
}

/** If several processes start together, one creates it: a hard link appears complete, or not at all. */
async function readOrCreate(file: string): Promise<string> {
  const known = await readSmallText(file).catch(() => undefined);
  if (known !== undefined) return known;
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(createTokenKey());
    await handle.sync();
    await link(draft, file).catch(ignoreIfThere);
  } finally {
    await handle.close();
    await rm(draft, { force: true });
  }
  return readSmallText(file);
}

function ignoreIfThere(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
}
