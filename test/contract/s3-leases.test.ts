import { strict as assert } from "node:assert";
import { test } from "node:test";
import { LockError } from "../../src/oci/storage-error.js";
import type { LockOptions } from "../../src/storage/driver.js";
import { ConditionalObjects } from "../../src/storage/drivers/s3/conditional-objects.js";
import { Leases } from "../../src/storage/drivers/s3/leases.js";
import { S3Bucket } from "../../src/storage/drivers/s3/s3-bucket.js";
import { createClient } from "../../src/storage/drivers/s3/s3-client.js";
import { StoreCalls } from "../../src/storage/drivers/s3/store-calls.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { Scope } from "../support/scope.js";

const holder = "10.0.0.1:5100 first";

interface Setup {
  /** Asks for the lock once, and says who has it. */
  ask(options?: LockOptions): Promise<string>;
  /** Lets time pass for whoever asks. */
  pass(ms: number): void;
}

/** Stores that keep the condition of a write, and stores that do not. */
for (const holds of [true, false]) {
  const kind = holds ? "a strong store" : "a weak store";

  /** A lock whose holder was killed, and another process that asks for it now and then. */
  const story = (sentence: string, tell: (setup: Setup) => Promise<void>) =>
    test(`on ${kind}, ${sentence}`, async (t) => {
      const scope = new Scope(t);
      const settings = await settingsFor(scope, await FakeStore.start(scope), "images");
      const bucket = new S3Bucket(await createClient(settings), new StoreCalls(), settings);
      const conditional = holds ? new ConditionalObjects(bucket) : undefined;
      let now = 0;
      const other = new Leases(bucket, conditional, () => now);
      await killHolder(bucket, new Leases(bucket, conditional));
      await tell({
        pass: (ms) => {
          now += ms;
        },
        ask: (options) =>
          other
            .withLock("work", async () => "the other", { waitMs: 0, holder: "other", ...options })
            .catch((error: unknown) => {
              assert.ok(error instanceof LockError);
              return error.holder ?? "nobody known";
            }),
      });
    });

  story("who does not get a lock learns what its holder says about itself", async ({ ask }) => {
    assert.equal(await ask(), holder);
  });

  story("the lock of a killed process is taken over by one that asks only now and then", async ({ ask, pass }) => {
    assert.equal(await ask(), holder);
    pass(60 * 60_000);
    assert.equal(await ask(), "the other");
    assert.equal(await ask(), "the other");
  });

  story("the lock of a holder that has certainly ended is taken over at once", async ({ ask }) => {
    assert.equal(await ask({ ended: { holder, afterMs: 0 } }), "the other");
  });

  story("the lock of a holder that may have ended is taken over once it is not renewed", async ({ ask, pass }) => {
    const ended = { holder, afterMs: 4_500 };
    assert.equal(await ask({ ended }), holder);
    pass(4_000);
    assert.equal(await ask({ ended }), holder);
    pass(1_000);
    assert.equal(await ask({ ended }), "the other");
  });

  story("that one holder has ended takes the lock from no other", async ({ ask, pass }) => {
    const ended = { holder: "10.0.0.2:5100 second", afterMs: 0 };
    assert.equal(await ask({ ended }), holder);
    pass(5_000);
    assert.equal(await ask({ ended }), holder);
  });
}

/** Leaves the lease as a process does that is killed while it holds the lock. */
async function killHolder(bucket: S3Bucket, leases: Leases): Promise<void> {
  const [key, content] = await leases.withLock(
    "work",
    async () => {
      const [lease] = (await bucket.list(".berth/locks/")).objects;
      const opened = await bucket.get(lease?.key ?? "");
      return [lease?.key ?? "", Buffer.concat((await opened?.body.toArray()) ?? [])] as const;
    },
    { holder },
  );
  await bucket.put(key, content);
}
