// Sends requests over connections that stay open, in a process of its own: what it works is no work of Berth. Its parent
// sends {port, path, headers, count}, and is told how many seconds the answers took.
import { connect } from "node:net";

const connectionsPerServer = 16;
const connections = new Map();

process.on("message", ({ port, path, headers, count }) => {
  const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}`);
  const request = `GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
  const begun = performance.now();
  let left = count;
  let waiting = 0;
  const next = (connection) => {
    if (left > 0) {
      left--;
      waiting++;
      connection.send(request, () => {
        waiting--;
        next(connection);
      });
    } else if (waiting === 0) process.send({ seconds: (performance.now() - begun) / 1_000 });
  };
  for (const connection of connectionsTo(port)) next(connection);
});
process.on("disconnect", () => process.exit());

function connectionsTo(port) {
  const known = connections.get(port);
  if (known !== undefined) return known;
  const opened = Array.from({ length: connectionsPerServer }, () => new Connection(port));
  connections.set(port, opened);
  return opened;
}

/** One request at a time. Answers are only measured, not read: the client must cost little. */
class Connection {
  #socket;
  #received = Buffer.alloc(0);
  #done;

  constructor(port) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk) => this.#take(chunk));
  }

  send(request, done) {
    this.#done = done;
    this.#socket.write(request);
  }

  #take(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#received.toString("latin1", 0, end);
    const length = /^content-length: (\d+)$/im.exec(head)?.[1];
    if (!head.startsWith("HTTP/1.1 200") || length === undefined) throw new Error(`unexpected answer: ${head}`);
    if (this.#received.length < end + 4 + Number(length)) return;
    this.#received = Buffer.alloc(0);
    this.#done();
  }
}
