import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { hash } from "@node-rs/bcrypt";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { pullWhole, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { basic, bearer, htpasswdFile } from "../support/guarded-berth.js";
import { errorCodeOf } from "../support/registry-client.js";
import { type RunningBerthOptions, runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pausableStorageAt } from "../support/storage.js";
import { startUpload } from "../support/upload.js";

const name = parseRepositoryName("library/alpine");
const layers = [seededBytes("first", 700_000), seededBytes("second", 700_000)];

test("a reload forgets no password that was right: only what changed is checked again", async (t) => {
  const scope = new Scope(t);
  const folder = await scope.folder("users");
  const htpasswd = join(folder, "htpasswd");
  // A high cost: bob's check must take longer than an answer to ann, who is known.
  const lines = ["ann", "bob"].map(async (user) => `${user}:${await hash(user, 12)}\n`);
  await writeFile(htpasswd, (await Promise.all(lines)).join(""));
  const withService = (service: string) => ({ access: { users: { htpasswd }, service } }) as RunningBerthOptions;
  const { client, prepare } = await runBerth(scope, withService("one"));
  assert.equal((await client.get("/v2/", basic("ann"))).status, 200);
  (await prepare(withService("another")))();
  const order: string[] = [];
  const logIn = async (user: string) => {
    assert.equal((await client.get("/v2/", basic(user))).status, 200);
    order.push(user);
  };
  await Promise.all([logIn("bob"), logIn("ann")]);
  assert.deepEqual(order, ["ann", "bob"]);
});

test("if two configurations are prepared at the same time, only the limit of the last one applied counts", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, layers, "latest");
  const { storage, driver } = await pausableStorageAt(await scope.folder("cache"));
  const upstreams = [{ name: "docker.io", url: fake.url }];
  const { client, log, prepare } = await runBerth(scope, { mode: "proxy", proxy: { upstreams }, opened: storage });
  await pullWhole(client, name, "latest");
  const [toSmall, toLarge] = await Promise.all([
    prepare({ mode: "proxy", proxy: { upstreams, maxSize: "1MiB" } }),
    prepare({ mode: "proxy", proxy: { upstreams, maxSize: "1GiB" } }),
  ]);
  const evicting = driver.pauseBefore("locked", "eviction");
  toSmall();
  await evicting.reached;
  toLarge();
  // The one with the larger limit waits for the lock of the other.
  const looking = driver.pauseBefore("unlock", "eviction");
  evicting.resume();
  await looking.reached;
  looking.resume();
  assert.deepEqual(log.named("image evicted"), []);
  await fake.stop();
  await pullWhole(client, name, "latest");
});

test("running uploads count, whichever configuration they began under", async (t) => {
  const { client, prepare } = await runBerth(new Scope(t), { private: { uploads: { maxConcurrent: 2 } } });
  const senders = [
    client.start("PATCH", await startUpload(client, "app")),
    client.start("PATCH", await startUpload(client, "app")),
  ];
  for (const sender of senders) await sender.send(Buffer.alloc(20_000));
  const third = await startUpload(client, "app");
  for (const maxConcurrent of [2, 1, 3]) {
    (await prepare({ private: { uploads: { maxConcurrent } } }))();
    const answer = await client.request("PATCH", third, { body: "x" });
    assert.equal(answer.status, maxConcurrent === 3 ? 202 : 429, `at most ${maxConcurrent}`);
    if (maxConcurrent !== 3) assert.equal(errorCodeOf(answer), "TOOMANYREQUESTS");
  }
  for (const sender of senders) assert.equal((await sender.end()).status, 202);
});

test("a token stays valid across a change of the configuration, even if its key cannot be stored", async (t) => {
  const scope = new Scope(t);
  const access = { anonymousPull: true, users: { htpasswd: await htpasswdFile(scope, { ann: "ann" }) } };
  const { client, prepare } = await runBerth(scope, { access } as RunningBerthOptions);
  const { token } = JSON.parse((await client.get("/v2/_berth/token", basic("ann"))).body.toString());
  assert.equal((await client.get("/v2/", bearer(token))).status, 200);
  (await prepare({ access } as RunningBerthOptions))();
  assert.equal((await client.get("/v2/", bearer(token))).status, 200);
});
