import type { Config } from "../../config/schema.js";
import { beginWork } from "../../maintenance/collection-lock.js";
import type { WantedAgain } from "../../maintenance/fsck/mend-bytes.js";
import type { Logger } from "../../observability/logger.js";
import { fetchingAgain } from "../../serving/fetch-again.js";
import { ModeSelector } from "../../serving/mode-selector.js";
import { openStorage } from "../../storage/open-storage.js";
import type { Storage } from "../../storage/storage.js";
import { openCollectedStorage } from "../gc/collected-storage.js";

interface Surroundings {
  readonly isRepaired: boolean;
  readonly log: Logger;
}

type Checking<Result> = (
  storage: Storage,
  fetchAgain: ((wanted: WantedAgain) => Promise<void>) | undefined,
) => Promise<Result>;

/** Opens the storage for a check. Only a check that mends changes anything, and needs the upstreams. */
export async function withCheckedStorage<Result>(
  config: Config,
  { isRepaired, log }: Surroundings,
  check: Checking<Result>,
): Promise<Result> {
  const looked = await openCollectedStorage(config, log);
  if (!isRepaired) return check(looked, undefined);
  const storage = await openStorage(config.storage, log);
  const endWork = await beginWork(storage);
  const modes = new ModeSelector(storage, { log });
  try {
    if (config.mode === "private") return await check(storage, undefined);
    const registry = await modes.registryOf(config);
    return await check(storage, fetchingAgain(registry, storage, contextOf(log)));
  } finally {
    await modes.stop();
    await endWork();
  }
}

function contextOf(log: Logger) {
  const name = "berth fsck";
  return { id: name, signal: new AbortController().signal, caller: { address: name, network: name }, log };
}
