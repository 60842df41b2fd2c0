import { configWith } from "./config.js";
import { runWithHousekeeping } from "./housekeeping-berth.js";
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
  return runWithHousekeeping(scope, config);
}
