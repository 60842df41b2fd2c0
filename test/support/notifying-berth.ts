import { Housekeeping } from "../../src/serving/housekeeping.js";
import { openServer } from "../../src/serving/open-server.js";
import { configWith } from "./config.js";
import { RecordedLog } from "./recorded-log.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";

type Receiver = Readonly<Record<string, unknown>> & { readonly url: string };

/** A Berth on a folder that tells one receiver; stopped at the end of the test, or before. */
export async function runNotifying(
  scope: Scope,
  root: string,
  receiver: Receiver,
  further: Record<string, unknown> = {},
  sections: Record<string, unknown> = {},
) {
  const endpoints = [{ name: "test", backoff: "50ms", ...receiver }];
  const config = configWith({
    storage: { filesystem: { root } },
    server: { port: 0 },
    // Settings as they would be written in a file.
    events: { endpoints, ...further } as never,
    ...sections,
  });
  const log = new RecordedLog();
  const { server, storage, close } = await openServer(config, log);
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
