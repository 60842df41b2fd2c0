// Requests one path after another over a kept connection; prints the milliseconds until each first byte of a body.
import { once } from "node:events";
import { Agent, get } from "node:http";

const { port, paths, size } = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: true });
const milliseconds = [];

for (const path of paths) {
  const started = performance.now();
  const [response] = await once(get({ port, host: "127.0.0.1", path, agent }), "response");
  if (response.statusCode !== 200) throw new Error(`GET ${path}: ${response.statusCode}`);
  let received = 0;
  for await (const bytes of response) {
    if (received === 0) milliseconds.push(performance.now() - started);
    received += bytes.length;
  }
  if (received !== size) throw new Error(`GET ${path}: ${received} bytes`);
}
agent.destroy();
console.log(JSON.stringify(milliseconds));
