import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { LiveStream } from "../../../src/api/activity/live-stream.js";
import type { Exchange } from "../../../src/http/exchange.js";
import { Scope } from "../../support/scope.js";
import { waitUntil } from "../../support/wait-until.js";

const quick = { eachMs: 10, unreadMs: 300 };
const longText = "x".repeat(500_000);

/** A server that answers every request with a stream of news, each as long as half a megabyte. */
async function open(t: TestContext) {
  const scope = new Scope(t);
  let news = 0;
  const live = new LiveStream({ summary: async () => ({ news: ++news, longText }) }, quick);
  const streams: { isOver: boolean; mostWaiting: number }[] = [];
  const server = createServer((request, response) => {
    const stream = { isOver: false, mostWaiting: 0 };
    streams.push(stream);
    const over: (() => void)[] = [];
    response.once("close", () => {
      stream.isOver = true;
      for (const each of over) each();
    });
    const write = response.write.bind(response) as (text: string) => boolean;
    response.write = (text: string) => {
      const isDrained = write(text);
      stream.mostWaiting = Math.max(stream.mostWaiting, response.writableLength);
      return isDrained;
    };
    // As much of an exchange as a stream needs.
    const exchange = { request, response, sent: 0, whenOver: (done: () => void) => over.push(done) };
    void live.open(exchange as unknown as Exchange);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const watch = async () => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    scope.defer(() => socket.destroy());
    await once(socket, "connect");
    socket.write("GET /live HTTP/1.1\r\nHost: berth\r\n\r\n");
    return socket;
  };
  return { streams, watch, news: () => news };
}

test("a client that never reads costs one text of memory, and is dropped after some time; others get their news", async (t) => {
  const { streams, watch, news } = await open(t);
  // Paused from the start: what the kernel does not take waits in the server.
  const deaf = await watch();
  deaf.pause();
  await waitUntil("it is dropped", () => streams[0]?.isOver || undefined);
  assert.ok((streams[0]?.mostWaiting ?? 0) < 2 * longText.length, String(streams[0]?.mostWaiting));
  const reader = await watch();
  let received = 0;
  reader.on("data", (bytes: Buffer) => {
    received += bytes.length;
  });
  const before = news();
  await waitUntil("the other gets its news", () => received > 3 * longText.length || undefined);
  assert.ok(news() > before);
  assert.equal(streams[1]?.isOver, false);
});
