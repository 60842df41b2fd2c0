import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import type { Scope } from "./scope.js";

/** Listens with the shortest queue, and accepts nothing until it is told to. */
const listener = `
const { createServer } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const server = createServer((socket) => socket.on("error", () => {}));
server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(workerData, 0, 0));
});
`;

/** A port on which packets get lost, as on a bad route: the kernel drops what does not fit in its full queue. */
export interface UnheardPort {
  readonly port: number;
  /** From now on connections are accepted; dropped ones when they are repeated, after a second. */
  hear(): void;
}

export async function unheardPort(scope: Scope): Promise<UnheardPort> {
  const lock = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(listener, { eval: true, workerData: lock });
  const hear = () => {
    Atomics.store(lock, 0, 1);
    Atomics.notify(lock, 0);
  };
  scope.defer(() => {
    hear();
    return worker.terminate();
  });
  const [port]: number[] = await once(worker, "message");
  if (port === undefined) throw new Error("the port is not told");
  const queued: Socket[] = [];
  scope.defer(() => queued.map((socket) => socket.destroy()));
  while (queued.length < 2) {
    const socket = connect(port, "127.0.0.1");
    queued.push(socket);
    await once(socket, "connect");
  }
  return { port, hear };
}
