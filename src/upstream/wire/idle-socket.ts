import type { Agent } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Lets an agent close a kept-alive connection on which something arrives although nothing was asked, as Go does. Node
 * reads on and drops what it reads, so an upstream could send without end, and the next answer would begin in the middle
 * of it.
 */
export function closeUnasked<Kept extends Agent>(agent: Kept): Kept {
  const keep = agent.keepSocketAlive.bind(agent);
  const reuse = agent.reuseSocket.bind(agent);
  agent.keepSocketAlive = (socket) => {
    socket.on("data", close);
    // Whether the connection is kept, which Node's types lack.
    return keep(socket);
  };
  agent.reuseSocket = (socket, request) => {
    socket.off("data", close);
    reuse(socket, request);
  };
  return agent;
}

function close(this: Duplex): void {
  this.destroy();
}
