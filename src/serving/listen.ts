import type { AddressInfo } from "node:net";
import type { Config } from "../config/schema.js";
import type { RegistryServer } from "../http/server.js";
import { ExplainedError } from "./explained-error.js";

/** Starts listening. @throws ExplainedError if the port or the address is not available */
export async function listen(server: RegistryServer, config: Config): Promise<AddressInfo> {
  try {
    return await server.listen();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const sentence = explain(code, config.server);
    throw sentence === undefined ? error : new ExplainedError(sentence);
  }
}

function explain(code: string, { host, port }: Config["server"]): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `server.port: port ${port} on ${host} is in use by another program: stop it, or choose another port`;
    case "EACCES":
      return `server.port: this user may not listen on port ${port}: choose one above 1023, such as 5000`;
    case "EADDRNOTAVAIL":
      return `server.host: ${host} is not an address of this machine: use one that is, or 0.0.0.0 for all`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `server.host: the name ${host} has no address: use an address of this machine, or 0.0.0.0 for all`;
    default:
      return undefined;
  }
}
