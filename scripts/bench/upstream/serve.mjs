// The upstream of the measured caches, a separate process: it serves one data directory from memory, counts what is
// requested and sent, and can be as slow as a line.
import { once } from "node:events";
import { createServer } from "node:http";
import { readContent } from "./content.mjs";
import { Counts } from "./counts.mjs";
import { Line } from "./line.mjs";

const content = readContent(process.argv[2]);
const line = new Line();
let counts = new Counts();

const server = createServer((request, response) => {
  const found = content.find(request.url);
  counts.noteRequest(request, found);
  if (found === undefined) return response.writeHead(404).end();
  response.writeHead(200, found.headers);
  if (request.method === "HEAD") return response.end();
  void line.send(found.bytes, response, (sent) => counts.noteSent(found, sent));
});

/** Messages of the bench: each is answered with the counts so far. */
process.on("message", ({ reset, bytesPerSecond }) => {
  const before = counts;
  if (reset) counts = new Counts();
  if (bytesPerSecond !== undefined) line.bytesPerSecond = bytesPerSecond;
  process.send(before);
});
process.on("disconnect", () => process.exit());

server.listen(0, "127.0.0.1");
await once(server, "listening");
process.send({ port: server.address().port });
