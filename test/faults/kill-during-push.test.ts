import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { expectStatus, listTags, pullBlob, pullWhole } from "../support/content.js";
import { emptyPushLog, type PushLog, pushUntilItDies } from "../support/crash-pushes.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";
import { offsetOf, resumeUpload } from "../support/upload.js";

const rounds = 12;
const names = ["app", "app/child", "team/one", "team/two"];
const seed = 20_261_124;

test("what was acknowledged survives kill -9 at any moment of a push, and nothing is ever half visible", async (t) => {
  const scope = new Scope(t);
  const random = seededRandom(seed);
  const all = emptyPushLog();
  let berth = await startBerth(scope);
  for (let round = 0; round < rounds; round++) {
    const log = emptyPushLog();
    const { client, daemon, root, port } = berth;
    const afterSteps = wholeNumber(random, 1, 120);
    const pauseMs = wholeNumber(random, 0, 20);
    let steps = 0;
    let killed: Promise<unknown> | undefined;
    const step = () => {
      steps += 1;
      if (steps === afterSteps) killed = delay(pauseMs).then(() => daemon.kill());
    };
    await Promise.all(names.map((name) => pushUntilItDies({ client, name, log, step }, `round-${round}`)));
    await killed;
    berth = await startBerth(scope, { root, port });
    await t.test(`round ${round}: killed ${pauseMs} ms after step ${afterSteps}`, async () => {
      await checkImages(berth.client, log);
      await checkTags(berth.client, (tag) => tag === "latest" || tag.startsWith(`round-${round}-`));
      await checkBlobs(berth.client, log);
      await checkSessions(berth.client, log);
    });
    all.images.push(...log.images);
  }
  await t.test("at the end every image of every round can be pulled completely", async () => {
    assert.ok(all.images.length > rounds, "too little was pushed for the test to mean anything");
    await checkImages(berth.client, all);
    await checkTags(berth.client, () => true);
  });
});

/** Each image's own tag points to it; `latest` points to the last one acknowledged, or to one that got no response. */
async function checkImages(client: RegistryClient, log: PushLog): Promise<void> {
  for (const { name, tag, digest } of log.images) {
    await pullWhole(client, name, digest);
    const [tagged] = await pullWhole(client, name, tag);
    if (tag !== "latest") assert.equal(tagged, digest);
  }
}

/** What is listed can be pulled, whether it was acknowledged or not. */
async function checkTags(client: RegistryClient, isMeant: (tag: string) => boolean): Promise<void> {
  for (const name of names) {
    for (const tag of (await listTags(client, name)).filter(isMeant)) await pullWhole(client, name, tag);
  }
}

async function checkBlobs(client: RegistryClient, log: PushLog): Promise<void> {
  for (const { name, digest } of log.blobs) await pullBlob(client, name, digest);
  for (const { name, digest } of log.begun) {
    const { status, body } = await client.get(`/v2/${name}/blobs/${digest}`);
    if (status !== 404) assert.deepEqual([status, digestOf(body)], [200, digest], "half a blob is served");
  }
}

async function checkSessions(client: RegistryClient, log: PushLog): Promise<void> {
  for (const [session, { name, bytes, acknowledged, isClosing }] of log.sessions) {
    const offset = await offsetOf(client, session);
    // The closing request turns the session into a blob, and may have died in the middle: the push starts again.
    const kept = isClosing ? 0 : acknowledged;
    assert.ok((offset ?? 0) >= kept, `${acknowledged} bytes of ${session} were acknowledged, ${offset} are left`);
    if (offset === undefined) continue;
    const digest = digestOf(bytes);
    if (offset < bytes.length) await resumeUpload(client, session, { bytes, digest, offset });
    else expectStatus(await client.request("PUT", `${session}?digest=${digest}`), 201, `end of ${session}`);
    await pullBlob(client, name, digest);
  }
}
