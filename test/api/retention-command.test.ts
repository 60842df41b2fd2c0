import { strict as assert } from "node:assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { tryCommand } from "../support/command.js";
import { listTags } from "../support/content.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const name = "team/app";
const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A running Berth with the tags a, b, c and v1, and the commands for retention beside it. */
async function prepare(t: TestContext) {
  const scope = new Scope(t);
  const berth = await runBerthOnDisk(scope);
  const images = new Map<string, string>();
  for (const tag of ["a", "b", "c", "v1"])
    images.set(tag, (await pushSmallImage(berth.client, name, tag, { tag })).descriptor.digest);
  const folder = await scope.folder("command");
  const audit = join(folder, "audit.jsonl");
  const config = join(folder, "berth.yml");
  const policies = [
    { name: "releases", repositories: ["team/**"], keep: [{ tags: ["v*"] }] },
    { name: "all", repositories: ["**"], keep: [{ newest: 2 }], untagged: "never" },
  ];
  await writeFile(
    config,
    JSON.stringify({
      storage: { filesystem: { root: berth.root } },
      access: { open: true, audit: { file: audit } },
      events: { endpoints: [{ name: "ci", url: "http://127.0.0.1:9/" }] },
      retention: { policies },
    }),
  );
  const retention = (...args: string[]) =>
    tryCommand(process.execPath, [main, "retention", ...args, "--config", config]);
  return { ...berth, images, retention, audit, folder };
}

test("plan shows what run deletes, new policies wait for --yes, and the audit trail and receivers are told", async (t) => {
  const { client, storage, retention, audit, images } = await prepare(t);
  const plan = await retention("plan");
  assert.equal(plan.stderr, "");
  assert.match(
    plan.stdout,
    /^team\/app: 4 tags, 2 to delete \(releases, all\)\nteam\/app:a \(sha256:\w+, pushed 20\S+Z\) would be deleted\n/,
  );
  assert.match(plan.stdout, /team\/app: needs confirmation: .* would delete 2 of 4 tags\n/);
  const waiting = JSON.parse((await retention("run", "--json")).stdout);
  assert.deepEqual([waiting.deleted, waiting.waiting], [0, [name]]);
  assert.deepEqual(await listTags(client, name), ["a", "b", "c", "v1"]);
  const done = JSON.parse((await retention("run", "--yes", "--json")).stdout);
  assert.deepEqual(done.repositories[0].deleted, [
    { tag: "a", digest: images.get("a") },
    { tag: "b", digest: images.get("b") },
  ]);
  assert.deepEqual(await listTags(client, name), ["c", "v1"]);
  assert.match(
    (await retention("run")).stdout,
    /^team\/app: 2 tags, 0 to delete .*\n0 of 2 tags in 1 repositories deleted\n$/,
  );
  const lines = (await readFile(audit, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ event, user, credential, tag, from }) => [event, user, credential.kind, tag, from]),
    [
      ["tag deleted", "retention", "berth", "a", images.get("a")],
      ["tag deleted", "retention", "berth", "b", images.get("b")],
    ],
  );
  const [queued] = await storage.events.oldest("ci");
  const sent = JSON.parse((await storage.events.read("ci", queued ?? ""))?.toString() ?? "").events[0];
  assert.deepEqual([sent.action, sent.actor.name, sent.target.tag], ["delete", "retention", "a"]);
});

test("explain shows what happens to each tag, and by which rule", async (t) => {
  const { retention } = await prepare(t);
  const all = JSON.parse((await retention("explain", name, "--json")).stdout);
  assert.deepEqual(
    all.tags.map(({ tag, stays, reasons }: { tag: string; stays: boolean; reasons: string[] }) => [
      tag,
      stays,
      reasons,
    ]),
    [
      ["a", false, []],
      ["b", false, []],
      ["c", true, ["all.keep[0]: number 2 of the newest 2"]],
      ["v1", true, ["releases.keep[0]: matches v*", "all.keep[0]: number 1 of the newest 2"]],
    ],
  );
  const one = await retention("explain", `${name}:a`);
  assert.match(one.stdout, /^team\/app: policies releases, all; .*\na deleted: no rule keeps it \(pushed 20\S+Z\)\n$/);
  const absent = await retention("explain", `${name}:zzz`);
  assert.deepEqual([absent.code, absent.stdout], [1, ""]);
});

test("explain says that a repository is not there, and which policies would apply", async (t) => {
  const { retention, root, folder } = await prepare(t);
  const { stdout } = await retention("explain", "team/none");
  assert.equal(stdout, "team/none: there is no such repository here; policies releases, all would apply\n");
  const policies = [{ name: "releases", repositories: ["prod/**"], keep: [{ newest: 1 }] }];
  const config = join(folder, "prod.yml");
  await writeFile(config, JSON.stringify({ storage: { filesystem: { root } }, retention: { policies } }));
  const other = await tryCommand(process.execPath, [main, "retention", "explain", "team/none", "--config", config]);
  assert.equal(other.stdout, "team/none: there is no such repository here; no policy matches its name\n");
});

test("run concerns only the named repositories, and their yes is not that of the others", async (t) => {
  const { client, retention } = await prepare(t);
  for (const tag of ["1", "2", "3"]) await pushSmallImage(client, "team/other", tag, { tag });
  await retention("run");
  assert.match((await retention("run", "team/other", "--yes")).stdout, /team\/other:1 \(.*\) deleted\n1 of 3 tags/);
  assert.deepEqual(JSON.parse((await retention("run", "--json")).stdout).waiting, [name]);
  assert.equal((await listTags(client, name)).length, 4);
});

test("without policies, the commands say so", async (t) => {
  const { root, folder } = await prepare(t);
  const config = join(folder, "empty.yml");
  await writeFile(config, JSON.stringify({ storage: { filesystem: { root } } }));
  const { code, stderr } = await tryCommand(process.execPath, [main, "retention", "run", "--config", config]);
  assert.equal(code, 1);
  assert.match(stderr, /retention\.policies is empty, so everything is kept/);
});
