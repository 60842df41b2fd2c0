import { strict as assert } from "node:assert";
import { test } from "node:test";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { Storage } from "../../src/storage/storage.js";
import { configWith } from "../support/config.js";
import { EventReceiver } from "../support/event-receiver.js";
import { runWithHousekeeping } from "../support/housekeeping-berth.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { RecordedLog } from "../support/recorded-log.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

/** A Berth with its own housekeeping, as on a machine of its own. */
async function startReplica(scope: Scope, store: FakeStore, url: string) {
  const endpoints = [{ name: "test", url, backoff: "50ms", ignoreMediaTypes: ["application/octet-stream"] }];
  const config = configWith({ storage: { driver: "memory" }, server: { port: 0 }, events: { endpoints } as never });
  const driver = await S3Driver.open(await settingsFor(scope, store, "images"));
  const log = new RecordedLog();
  return runWithHousekeeping(scope, config, { log, storage: new Storage(driver, 1024 * 1024, log) });
}

test("of two replicas on one bucket one sends, whoever was pushed to, and the other goes on when it stops", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const receiver = await EventReceiver.start(scope);
  const one = await startReplica(scope, store, receiver.url);
  const other = await startReplica(scope, store, receiver.url);
  const tags: string[] = [];
  const push = async (client: RegistryClient) => {
    const tag = `v${tags.length}`;
    await pushSmallImage(client, "team/app", tag, { tag });
    tags.push(tag);
  };
  for (let round = 0; round < 5; round++) for (const { client } of [one, other]) await push(client);
  await receiver.received(tags.length);
  // A sender that stops before it has read the receiver's answer leaves the event to the next one, which sends it again.
  await waitUntil("nothing waits", () => !store.keys().some((key) => key.startsWith(".berth/events/")) || undefined);
  await one.stop();
  for (let round = 0; round < 3; round++) await push(other.client);
  await receiver.received(tags.length);
  // Each once: two senders at a time would send some twice, and out of order.
  assert.deepEqual(
    receiver.events.map(({ target }) => target.tag),
    tags,
  );
});
