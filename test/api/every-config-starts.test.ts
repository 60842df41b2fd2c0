import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigError } from "../../src/config/problem.js";
import { resolveSettings } from "../../src/config/resolve.js";
import { valuesOf } from "../../src/config/resolved.js";
import { brokenRules, type ConfigDraft } from "../../src/config/rules.js";
import { type Config, schema } from "../../src/config/schema.js";
import { openServer } from "../../src/serving/open-server.js";
import { shareOf } from "../../src/serving/workers/share.js";
import { configWith } from "../support/config.js";
import { pushBlob } from "../support/content.js";
import { randomTree } from "../support/random-config.js";
import { RecordedLog } from "../support/recorded-log.js";
import { RegistryClient } from "../support/registry-client.js";

/**
 * Opens a server as `berth serve` does, on a free port and in memory (a hundred are started), and sends it a request.
 */
async function serveAndAsk(config: Config): Promise<void> {
  const here = {
    ...config,
    server: { ...config.server, host: "127.0.0.1", port: 0, tls: undefined },
    storage: { ...config.storage, driver: "memory" as const },
  };
  const { server, close } = await openServer(here, new RecordedLog());
  try {
    const { port } = await server.listen();
    const client = new RegistryClient(`http://127.0.0.1:${port}`);
    const isGuarded = config.access?.open === false;
    assert.equal((await client.get("/v2/")).status, isGuarded ? 401 : 200);
    const takesPushes = config.mode === "private" && !config.private.readonly && !isGuarded;
    if (takesPushes) await pushBlob(client, "app", Buffer.from("layer"));
  } finally {
    await server.stop(0);
    await close();
  }
}

/** `undefined` for what `berth config check` refuses. */
function checked(tree: unknown): Config | undefined {
  const source = { tree, problems: [], locate: () => "random" };
  // The values follow the definition that the type is derived from.
  const rules = (values: unknown) => brokenRules(values as ConfigDraft);
  try {
    return valuesOf(resolveSettings(schema, { sources: [source], directory: "/", rules })) as Config;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

test("each worker of any number from 1 to 16 serves with its share", async () => {
  for (let workers = 1; workers <= 16; workers++) {
    const whole = configWith({ server: { workers } });
    for (const worker of new Set([1, Math.ceil(workers / 2), workers])) await serveAndAsk(shareOf(whole, worker));
  }
});

test("a cache with an odd or a very small size serves", async () => {
  for (const cache of [0, 1, 2, 3, 5, 1_000_001]) await serveAndAsk(configWith({ storage: { cache } }));
});

test("every configuration that config check accepts starts: a hundred random ones", async () => {
  let started = 0;
  const starts = fc.asyncProperty(randomTree, fc.nat(255), async (tree, nth) => {
    const config = checked(tree);
    fc.pre(config !== undefined);
    started++;
    await serveAndAsk(shareOf(config, 1 + (nth % config.server.workers)));
  });
  // Always the same ones: a test that fails by chance helps no one. Raise the number to look for more.
  await fc.assert(starts, { numRuns: 100, seed: 20_261_126, endOnFailure: true });
  assert.ok(started >= 100);
});
