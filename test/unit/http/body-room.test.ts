import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type BodyLimits, BodyRooms, type BodySender } from "../../../src/http/body-room.js";
import { RecordedLog } from "../../support/recorded-log.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

const endless = { perSecond: 1e12, atOnce: 1e12 };

/** Clients whose bodies are as large as the memory for all. */
class Clients {
  readonly #rooms: BodyRooms;
  /** Whose body is received, in order. */
  readonly received: string[] = [];
  #finish: () => void = () => {};

  constructor(limits: Partial<BodyLimits> = {}) {
    this.#rooms = new BodyRooms({ memory: 1, pace: endless, ...limits });
  }

  /** @returns a function that says that the client left, and the result */
  send(network: string): { readonly leave: () => void; readonly over: Promise<void> } {
    let leave = () => {};
    const sender: BodySender = {
      id: network,
      path: "/",
      log: new RecordedLog(),
      caller: { address: network, network },
      whenOver: (action) => {
        leave = action;
      },
      request: { complete: true, destroy: () => assert.fail("it was not slow") },
    };
    const over = this.#rooms.run(sender, async (room) => {
      await room.take(1);
      this.received.push(network);
      await new Promise<void>((resolve) => {
        this.#finish = resolve;
      });
    });
    over.catch(() => {});
    return { leave: () => leave(), over };
  }

  async finishOne(): Promise<void> {
    this.#finish();
    await settled();
  }
}

test("clients take turns: one that sends a hundred large bodies does not delay the only one of another", async () => {
  const clients = new Clients();
  for (let count = 0; count < 100; count++) clients.send("many");
  clients.send("one");
  await settled();
  for (let count = 0; count < 2; count++) await clients.finishOne();
  assert.deepEqual(clients.received, ["many", "many", "one"], "the second had already been called");
});

test("a client that leaves while it waits leaves its room to the next", async () => {
  const clients = new Clients();
  clients.send("first");
  const leaving = [clients.send("second"), clients.send("third")];
  clients.send("fourth");
  await settled();
  for (const { leave, over } of leaving) {
    leave();
    await assert.rejects(over, { code: "SIZE_INVALID" });
  }
  await clients.finishOne();
  assert.deepEqual(clients.received, ["first", "fourth"]);
});

test("of a client that sends hundreds of large bodies, those that exceed the line are refused, and no one else's", async () => {
  const clients = new Clients();
  const sent = Array.from({ length: 300 }, () => clients.send("many").over);
  const other = clients.send("one");
  const outcomes = await Promise.all(
    sent.map((over) => Promise.race([over.catch((error) => error.code), settled().then(() => "waits")])),
  );
  assert.equal(
    outcomes.filter((outcome) => outcome === "waits").length,
    257,
    "one is received, and the rest is in line",
  );
  assert.equal(outcomes.filter((outcome) => outcome === "TOOMANYREQUESTS").length, 43);
  for (let count = 0; count < 2; count++) await clients.finishOne();
  assert.equal(clients.received.at(-1), "one");
  other.leave();
});

test("a large body waits for the pace of all, and is refused in time, with when to retry", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const clients = new Clients({ memory: 1_000, pace: { perSecond: 0.001, atOnce: 2 } });
  const sent = [1, 2, 3, 4, 5].map(() => clients.send("many"));
  await settled();
  assert.equal(clients.received.length, 3, "two may begin at once, and the next one afterwards");
  t.mock.timers.tick(30_000);
  for (const { over } of sent.slice(3)) {
    await assert.rejects(over, { code: "TOOMANYREQUESTS", headers: { "Retry-After": "10" } });
  }
});
