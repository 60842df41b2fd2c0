import { strict as assert } from "node:assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { collectBeside } from "../../src/maintenance/collect.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { tryCommand } from "../support/command.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const name = parseRepositoryName("team/app");
const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A running Berth, and the command line for its storage. */
async function prepare(t: TestContext) {
  const scope = new Scope(t);
  const berth = await runBerthOnDisk(scope);
  const folder = await scope.folder("command");
  const audit = join(folder, "audit.jsonl");
  const config = join(folder, "berth.yml");
  await writeFile(
    config,
    JSON.stringify({
      storage: { filesystem: { root: berth.root } },
      access: { open: true, audit: { file: audit } },
      events: { endpoints: [{ name: "ci", url: "http://127.0.0.1:9/" }] },
    }),
  );
  const tag = (...args: string[]) => tryCommand(process.execPath, [main, "tag", ...args, "--config", config]);
  const digestAt = async (reference: string) =>
    (await berth.client.head(`/v2/${name}/manifests/${reference}`)).headers["docker-content-digest"];
  return { ...berth, tag, audit, digestAt };
}

test("tag history shows each change, and what can be restored", async (t) => {
  const { client, tag } = await prepare(t);
  const first = await pushSmallImage(client, name, "first", { tag: "latest" });
  const second = await pushSmallImage(client, name, "second", { tag: "latest" });
  await client.request("DELETE", `/v2/${name}/manifests/${first.descriptor.digest}`);
  await client.request("DELETE", `/v2/${name}/manifests/latest`);
  const { code, stdout } = await tag("history", "team/app:latest", "--json");
  assert.equal(code, 0);
  const { changes, current } = JSON.parse(stdout);
  assert.equal(current, undefined);
  assert.deepEqual(
    changes.map(({ change, digest, by, state }: Record<string, string>) => [change, digest, by, state]),
    [
      ["deleted", second.descriptor.digest, "anonymous", "stored"],
      ["moved", second.descriptor.digest, "anonymous", "stored"],
      ["moved", first.descriptor.digest, "anonymous", "gone"],
    ],
  );
  const table = await tag("history", "team/app:latest");
  assert.match(table.stdout, /^TIME +CHANGE +DIGEST +BY +STATE\n.+deleted +sha256:\w+ +anonymous +stored\n/);
  const absent = await tag("history", "team/app:nothing");
  assert.deepEqual([absent.code, absent.stdout], [1, ""]);
  assert.match(absent.stderr, /team\/app has no tag nothing/);
});

test("tag restore undoes a push and a deletion beside a running server, with event and audit line", async (t) => {
  const { client, tag, digestAt, audit, storage } = await prepare(t);
  const first = await pushSmallImage(client, name, "first", { tag: "latest" });
  const between = new Date().toISOString();
  const second = await pushSmallImage(client, name, "second", { tag: "latest" });
  const undone = await tag("restore", "team/app:latest");
  assert.equal(undone.stderr, "");
  assert.equal(await digestAt("latest"), first.descriptor.digest);
  assert.equal((await tag("restore", "team/app:latest", second.descriptor.digest)).code, 0);
  assert.equal(await digestAt("latest"), second.descriptor.digest);
  await client.request("DELETE", `/v2/${name}/manifests/latest`);
  assert.equal((await tag("restore", "team/app:latest")).code, 0);
  assert.equal(await digestAt("latest"), second.descriptor.digest);
  assert.equal((await tag("restore", "team/app:latest", "--at", between)).code, 0);
  assert.equal(await digestAt("latest"), first.descriptor.digest);
  const lines = (await readFile(audit, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { event, user, credential, from, to } = lines[1];
  assert.deepEqual(
    { event, user, credential, from, to },
    {
      event: "tag moved",
      user: "command line",
      credential: { kind: "berth", id: "command line" },
      from: second.descriptor.digest,
      to: first.descriptor.digest,
    },
  );
  const [queued] = await storage.events.oldest("ci");
  const sent = JSON.parse((await storage.events.read("ci", queued ?? ""))?.toString() ?? "").events[0];
  assert.deepEqual([sent.action, sent.actor.name, sent.target.tag], ["push", "command line", "latest"]);
});

test("a deleted tag whose image is in the trash comes back whole", async (t) => {
  const { client, tag, storage, log } = await prepare(t);
  const image = await pushSmallImage(client, name, "layer", { tag: "1.0" });
  await client.request("DELETE", `/v2/${name}/manifests/1.0`);
  const times = { grace: 0, claim: 0, trash: 60 * 60_000 };
  const report = { repositories() {}, marked() {}, goes() {}, stays() {}, problem() {}, found() {} };
  storage.contentLinks.claimMs = 0;
  const collection = await collectBeside(storage.forWalk(log), {
    deleteUntagged: true,
    times,
    report,
    pace: async () => {},
  });
  assert.ok(collection.trashed >= 2);
  assert.match((await tag("history", "team/app:1.0")).stdout, / trash\n/);
  assert.equal((await tag("restore", "team/app:1.0")).stderr, "");
  assert.deepEqual((await client.get(`/v2/${name}/manifests/1.0`)).body, image.bytes);
});

test("what cannot be restored is refused in a sentence, and nothing changes", async (t) => {
  const { client, tag, digestAt } = await prepare(t);
  const { descriptor } = await pushSmallImage(client, name, "first", { tag: "latest" });
  for (const [args, message] of [
    [["restore", "team/app:latest"], /there is no record of what team\/app:latest pointed to before/],
    [["restore", "team/app"], /team\/app is not a tag/],
    [["restore", "team/app:latest", "--at", "yesterday"], /yesterday is not a time/],
    [
      ["restore", "team/app:latest", "--at", "2020-01-01"],
      /there is no record of team\/app:latest at 2020-01-01T00:00:00/,
    ],
    [["restore", "team/app:latest", `sha256:${"0".repeat(64)}`], /team\/app no longer has sha256:0/],
    [["restore", "team/app:latest", "sha256:zz"], /digest/],
  ] as const) {
    const { code, stdout, stderr } = await tag(...args);
    assert.deepEqual([code, stdout], [1, ""], args.join(" "));
    assert.match(stderr, message);
  }
  const both = await tag("restore", "team/app:latest", descriptor.digest, "--at", "1h");
  assert.equal(both.code, 2);
  assert.equal(await digestAt("latest"), descriptor.digest);
});
