import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { causeOf, envelope, eventOf } from "../../src/events/event.js";
import { EventPost } from "../../src/events/event-post.js";
import { EventSender } from "../../src/events/event-sender.js";
import type { Context } from "../../src/registry/context.js";
import { EventReceiver } from "../support/event-receiver.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";
import { storageAt, storageOnDisk } from "../support/storage.js";
import { waitUntil } from "../support/wait-until.js";

const hourMs = 60 * 60_000;
const source = { publicUrl: undefined, scheme: "http", address: "127.0.0.1", instanceId: "one" } as const;
const context = { id: "1", caller: { address: "127.0.0.1", network: "127.0.0.1" } } as Context;

/** Waiting costs nothing, and moves the clock. */
class QuickTime {
  nowMs = 0;
  readonly pause = async (ms: number, signal: AbortSignal): Promise<void> => {
    this.nowMs += ms;
    await nextTurn();
    signal.throwIfAborted();
  };
}

test("over an outage of an hour a receiver is asked less and less often, and then gets all events in order", async (t) => {
  const scope = new Scope(t);
  const { root, storage } = await storageOnDisk(scope);
  const receiver = await EventReceiver.start(scope);
  const tell = async (tag: string) => {
    const target = { repository: "team/app", tag, digest: `sha256:${"0".repeat(64)}` } as never;
    await storage.events.add(["test"], envelope(eventOf("push", target, causeOf(context), source)));
  };
  const senderOn = (opened: typeof storage, time: QuickTime) =>
    new EventSender(
      { name: "test", threshold: 3, backoff: 1_000, maxSize: 1024 ** 3 },
      {
        storage: opened,
        post: new EventPost(
          { url: receiver.url, headers: {}, format: "distribution", timeout: 5_000 },
          { version: "0", environment: {} },
        ),
        source,
        observer: undefined,
        log: new RecordedLog(),
        pause: time.pause,
      },
    );
  receiver.status = 503;
  const before = new QuickTime();
  const sender = senderOn(storage, before);
  sender.start();
  for (let tag = 0; tag < 20; tag++) await tell(String(tag));
  await waitUntil("half an hour is over", () => (before.nowMs > hourMs / 2 ? true : undefined));
  await sender.stop();
  const asked = receiver.requests.length;
  // Once a minute at last; before that, some quicker attempts.
  assert.ok(asked > 25 && asked < 60, String(asked));

  // Another process, after a restart, in the same outage.
  const { storage: reopened } = await storageAt(root);
  const after = new QuickTime();
  const next = senderOn(reopened, after);
  next.start();
  for (let tag = 20; tag < 40; tag++) await tell(String(tag));
  await waitUntil("the hour is over", () => (after.nowMs > hourMs / 2 ? true : undefined));
  assert.equal(receiver.events.length, 0);
  receiver.status = 200;
  await receiver.received(40);
  await next.stop();
  assert.deepEqual(
    receiver.events.map(({ target }) => target.tag),
    Array.from({ length: 40 }, (_, tag) => String(tag)),
  );
});
