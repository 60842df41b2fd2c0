import { once } from "node:events";
import { createServer } from "node:net";

// Below the ports that Linux (32768 and up) and macOS (49152 and up) give to outgoing connections and to servers on
// port 0. Among those, a port that was free a moment ago is often somebody's when the program binds it.
const lowest = 12_000;
const highest = 32_000;

// Files of tests run beside each other: each process has ports of its own, so that none takes the port of a program
// that another is about to start, or to start again.
const processes = 10;
const portsOfProcess = Math.floor((highest - lowest) / processes);

const given = new Set<number>();

/** A free port of the loopback interface, for programs that cannot choose one themselves. It is returned only once. */
export async function freePort(): Promise<number> {
  while (given.size < portsOfProcess) {
    const port = lowest + (process.pid % processes) + processes * Math.floor(Math.random() * portsOfProcess);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`this process was given all of its ${portsOfProcess} ports`);
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
