import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startBerth } from "../support/berth-process.js";
import { EventReceiver } from "../support/event-receiver.js";
import { freePort } from "../support/free-port.js";
import { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

test("over kills and outages no acknowledged push is left untold, none is told before its fact, and order is kept", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const port = await freePort();
  const root = await scope.folder("data");
  const early: string[] = [];
  receiver.look = async ({ action, target }) => {
    if (action !== "push" || target.tag === undefined) return;
    const client = new RegistryClient(`http://127.0.0.1:${port}`);
    const answer = await client.get(`/v2/app/manifests/${target.digest}`).catch(() => undefined);
    // A Berth that was killed meanwhile tells nothing.
    if (answer !== undefined && answer.status !== 200) early.push(`${target.tag}: ${answer.status}`);
  };
  const events = {
    endpoints: [{ name: "test", url: receiver.url, backoff: "100ms", ignoreMediaTypes: ["application/octet-stream"] }],
  };
  const acknowledged: string[] = [];
  for (let round = 0; round < 6; round++) {
    const berth = await startBerth(scope, { root, port, events, ...(round % 2 === 1 && { server: { workers: 2 } }) });
    receiver.status = round % 3 === 1 ? 503 : 200;
    let killed: Promise<unknown> | undefined;
    for (let push = 0; ; push++) {
      // Each round in another moment of a push, and never before there is something to tell of.
      if (push === 2 + round) killed = delay(15 * round).then(() => berth.daemon.kill());
      const tag = `${round}-${push}`;
      const done = await pushSmallImage(berth.client, "app", tag, { tag }).then(
        () => true,
        () => false,
      );
      if (!done) break;
      acknowledged.push(tag);
    }
    await killed;
  }
  receiver.status = 200;
  await startBerth(scope, { root, port, events });
  const told = () => new Set(receiver.events.map(({ target }) => target.tag));
  await waitUntil("all are told", () => acknowledged.every((tag) => told().has(tag)) || undefined);
  assert.ok(acknowledged.length > 5, String(acknowledged.length));
  assert.deepEqual(early, []);
  const firstTold = [...told()].filter((tag) => tag !== undefined && acknowledged.includes(tag));
  assert.deepEqual(firstTold, acknowledged);
});
