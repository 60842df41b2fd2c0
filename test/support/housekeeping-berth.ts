import type { Config } from "../../src/config/schema.js";
import { Housekeeping } from "../../src/serving/housekeeping.js";
import { openServer } from "../../src/serving/open-server.js";
import type { Storage } from "../../src/storage/storage.js";
import { RecordedLog } from "./recorded-log.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";

/** A server with its own housekeeping, as a process of its own has it; stopped at the end of the test, or before. */
export async function runWithHousekeeping(
  scope: Scope,
  config: Config,
  { log = new RecordedLog(), ...opened }: { readonly log?: RecordedLog; readonly storage?: Storage } = {},
) {
  const { server, storage, close } = await openServer(config, log, opened);
  const housekeeping = await Housekeeping.begin(config, { storage, log });
  const { port } = await server.listen();
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await server.stop(0);
    await housekeeping.stop();
    await close();
  };
  scope.defer(stop);
  return { client: new RegistryClient(`http://127.0.0.1:${port}`), storage, log, stop };
}
