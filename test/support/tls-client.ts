import { once } from "node:events";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent, type RequestOptions, request } from "node:https";
import { text } from "node:stream/consumers";
import type { Certificate } from "./certificates.js";

export interface TlsAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** SHA-256 of the server's certificate. */
  readonly serverCertificate: string;
}

export interface TlsRequest {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** The client certificate. */
  readonly certificate?: Certificate | undefined;
  /** An agent for several requests keeps the connection, or at least the TLS session. */
  readonly agent?: Agent;
  readonly options?: RequestOptions;
}

/** Sends a request to a Berth on this machine over TLS, on a separate connection unless there is an agent. */
export async function askByTls(port: number, ca: string, path: string, parts: TlsRequest = {}): Promise<TlsAnswer> {
  const { method = "GET", headers = {}, certificate, agent = new Agent(), options } = parts;
  const asked = request({ host: "127.0.0.1", port, ca, path, method, headers, agent, ...certificate, ...options });
  asked.end();
  const [answer]: IncomingMessage[] = await once(asked, "response");
  if (answer === undefined) throw new Error("there is no answer");
  // The agent's requests are over TLS.
  const socket = answer.socket as import("node:tls").TLSSocket;
  const serverCertificate = socket.getPeerCertificate().fingerprint256;
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer), serverCertificate };
}
