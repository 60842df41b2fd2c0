import { once } from "node:events";
import { createServer } from "node:net";

// Below the ports that Linux (32768 and up) and macOS (49152 and up) give to outgoing connections and to servers on
// port 0. Among those, a port that was free a moment ago is often somebody's when the program binds it.
const lowest = 12_000;
const highest = 32_000;

const given = new Set<number>();

/** A free port of the loopback interface, for programs that cannot choose one themselves. It is returned only once. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
