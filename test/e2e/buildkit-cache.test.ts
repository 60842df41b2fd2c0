import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { runGc } from "../support/berth-gc.js";
import { startBerth } from "../support/berth-process.js";
import { startBuildkit } from "../support/buildkit.js";
import { Scope } from "../support/scope.js";

/** With `image-manifest=false`, BuildKit's default for years, the children of the index are layers, which are blobs. */
const forms = ["image-manifest=true", "image-manifest=false"];

test("a builder finds in Berth what another builder has built, in both forms of BuildKit's cache", async (t) => {
  const scope = new Scope(t);
  const registry = await startBerth(scope);
  const cache = await startBerth(scope, { proxy: cacheOf(registry.host) });
  const context = await writeContext(scope);
  const place = (form: string) => `type=registry,ref=${registry.host}/cache:${form}`;

  const first = await startBuilder(scope, plain(registry.host));
  for (const form of forms) {
    await t.test(`exported with ${form}`, async () => {
      const options = `${place(form.replace("=", "-"))},mode=max,oci-mediatypes=true,${form}`;
      await first.build(context, "--export-cache", options);
    });
  }
  await registry.daemon.stop();
  await runGc(scope, registry.root, ["--delete-untagged"]);
  const again = await startBerth(scope, { root: registry.root, port: registry.port });

  for (const form of forms) {
    const tag = form.replace("=", "-");
    await t.test(`imported after a garbage collection: ${form}`, async () => {
      const second = await startBuilder(scope, plain(again.host));
      assert.deepEqual(stepsOf(await second.build(context, "--import-cache", place(tag))), ["CACHED", "CACHED"]);
    });
    await t.test(`imported through a Berth that is a mirror: ${form}`, async () => {
      const third = await startBuilder(scope, mirrored(cache.host));
      const imported = `type=registry,ref=registry.test/cache:${tag}`;
      assert.deepEqual(stepsOf(await third.build(context, "--import-cache", imported)), ["CACHED", "CACHED"]);
    });
  }
});

function cacheOf(host: string): Readonly<Record<string, unknown>> {
  return { default: null, upstreams: [{ name: "registry.test", url: `http://${host}` }] };
}

/** Two stages; `mode=max` keeps the first one too. No step needs a base image or a network. */
async function writeContext(scope: Scope): Promise<string> {
  const context = await scope.folder("context");
  await writeFile(join(context, "file"), "built once\n");
  const lines = ["FROM scratch AS first", "COPY file /one", "FROM scratch", "COPY --from=first /one /two"];
  await writeFile(join(context, "Dockerfile"), `${lines.join("\n")}\n`);
  return context;
}

async function startBuilder(scope: Scope, config: string) {
  const file = join(await scope.folder("buildkit-config"), "buildkitd.toml");
  await writeFile(file, config);
  return startBuildkit(scope, file, {});
}

function plain(host: string): string {
  return `[registry."${host}"]\n  http = true\n`;
}

function mirrored(host: string): string {
  return `[registry."registry.test"]\n  mirrors = ["${host}/registry.test"]\n${plain(host)}`;
}

/** For each COPY, whether it was CACHED or DONE. */
function stepsOf(progress: string): string[] {
  const copies = Array.from(progress.matchAll(/^#(\d+) \[.*\] COPY /gm), ([, number = ""]) => number);
  return [...new Set(copies)].map(
    (number) => new RegExp(`^#${number} (CACHED|DONE)`, "m").exec(progress)?.[1] ?? "nothing",
  );
}
