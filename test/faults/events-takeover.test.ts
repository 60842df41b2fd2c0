import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type BerthOptions, startBerth } from "../support/berth-process.js";
import { EventReceiver } from "../support/event-receiver.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { storageIn } from "../support/object-stores/replicas.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

/** Makes what one more process or machine needs to work on the same storage. */
const storages: Readonly<Record<string, (scope: Scope) => Promise<() => Promise<BerthOptions>>>> = {
  "one folder": async (scope) => {
    const root = await scope.folder("data");
    return async () => ({ root });
  },
  "one bucket": async (scope) => {
    const store = await FakeStore.start(scope);
    return async () => ({ storage: await storageIn(scope, store, "images") });
  },
};

for (const [shared, share] of Object.entries(storages)) {
  test(`a sender that is killed after an event was received and before that is noted: another one on ${shared} goes on`, async (t) => {
    const scope = new Scope(t);
    const receiver = await EventReceiver.start(scope);
    const endpoints = [
      { name: "test", url: receiver.url, backoff: "50ms", ignoreMediaTypes: ["application/octet-stream"] },
    ];
    const further = await share(scope);
    const first = await startBerth(scope, { ...(await further()), events: { endpoints } });
    // It has the lease once it has sent something; the other one then waits for it.
    await pushSmallImage(first.client, "app", "before", { tag: "before" });
    await receiver.received(1);
    const second = await startBerth(scope, { ...(await further()), events: { endpoints } });
    let isKilled = false;
    receiver.look = async () => {
      if (isKilled) return;
      isKilled = true;
      // The event is there, and no answer goes back.
      await first.daemon.kill();
    };
    const tags = ["a", "b", "c", "d"];
    for (const tag of tags) await pushSmallImage(second.client, "app", tag, { tag });
    await waitUntil("all are received", () => tagsOf(receiver).includes("d") || undefined, 60_000);
    assert.ok(isKilled);
    // The one whose end nobody noted comes again, and everything in order.
    assert.deepEqual(tagsOf(receiver), ["before", "a", ...tags]);
    const [, one, again] = receiver.events;
    assert.equal(one?.id, again?.id);
  });
}

function tagsOf({ events }: EventReceiver): (string | undefined)[] {
  return events.map(({ target }) => target.tag);
}
