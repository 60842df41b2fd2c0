import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** A free port of the loopback interface, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // The address of a server on a port, not on a pipe, is of this kind.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
