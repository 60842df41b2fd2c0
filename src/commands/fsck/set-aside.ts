import { loadConfig } from "../../config/load.js";
import { showBytes } from "../../foundation/byte-amount.js";
import { createLogger } from "../../observability/winston-logger.js";
import { parseDigest } from "../../oci/digest.js";
import { ExplainedError } from "../../serving/explained-error.js";
import type { Storage } from "../../storage/storage.js";
import { table } from "../cache/table.js";
import { openCollectedStorage } from "../gc/collected-storage.js";

interface SetAsideOptions {
  readonly config?: string | undefined;
}

/** Prints the damaged bytes that were set aside. */
export async function listSetAside(options: SetAsideOptions): Promise<void> {
  const { quarantine } = await open(options);
  const rows: string[][] = [];
  for await (const found of quarantine.all())
    rows.push([found.digest, showBytes(found.size), new Date(found.sinceMs).toISOString(), quarantine.keyOf(found)]);
  process.stdout.write(
    rows.length === 0 ? "nothing is set aside\n" : table(["DIGEST", "SIZE", "SINCE", "PLACE"], rows),
  );
}

/** Puts back what is whole, and says what is not. */
export async function putBackAll(written: readonly string[], options: SetAsideOptions): Promise<void> {
  const { quarantine } = await open(options);
  const failures: string[] = [];
  for (const text of written) {
    const digest = parseDigest(text);
    const outcome = await quarantine.putBack(digest);
    if (outcome === "put back") process.stdout.write(`${digest}: put back\n`);
    else if (outcome === "damaged") failures.push(`${digest} really is damaged; berth fsck set-aside says where it is`);
    else failures.push(`${digest} is not set aside`);
  }
  if (failures.length > 0) throw new ExplainedError("not everything was put back", failures);
}

async function open({ config: file }: SetAsideOptions): Promise<Storage> {
  const { config } = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  return openCollectedStorage(config, createLogger(config.log, process.stderr));
}
