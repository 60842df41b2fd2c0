import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Scope } from "../scope.js";

/** A request to a store. */
export interface AskedOfStore {
  readonly method: string;
  /** With its query, decoded. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

export interface StoreAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** How a store differs from S3. */
export interface Oddity {
  /** What it answers instead of looking at the request. */
  readonly refuses?: (asked: AskedOfStore) => StoreAnswer | undefined;
  /** What it says differently. Without a `content-length`, the answer is sent in chunks. */
  readonly alters?: (answer: StoreAnswer, asked: AskedOfStore) => StoreAnswer;
}

/** A store in front of another one, which keeps the objects: like S3 but for its oddities. */
export async function startOddStore(
  scope: Scope,
  behind: { readonly endpoint: string },
  { refuses = () => undefined, alters = (answer) => answer }: Oddity,
): Promise<{ readonly endpoint: string }> {
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = "GET", url = "/", headers } = incoming;
    const asked = { method, path: decodeURIComponent(url), headers };
    const body = await buffer(incoming);
    const { status, headers: told, body: said } = refuses(asked) ?? alters(await passOn(behind, incoming, body), asked);
    response.writeHead(status, told);
    response.end(method === "HEAD" ? undefined : said);
  };
  const server = createServer((incoming, response) => void serve(incoming, response).catch(() => response.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  // The address of a server on a port, not on a pipe, is of this kind.
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** An error as S3 words it. */
export function refusal(status: number, code: string, message = "told so"): StoreAnswer {
  const body = Buffer.from(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
  return { status, headers: { "content-type": "application/xml", "content-length": String(body.length) }, body };
}

async function passOn({ endpoint }: { endpoint: string }, incoming: IncomingMessage, body: Buffer) {
  const { method, url, headers } = incoming;
  const outgoing = sendRequest(`${endpoint}${url}`, { method, headers, agent: false });
  outgoing.end(body);
  const [answer]: [IncomingMessage] = (await once(outgoing, "response")) as [IncomingMessage];
  const told = Object.entries(answer.headers).filter(([name]) => name !== "connection" && name !== "transfer-encoding");
  return {
    status: answer.statusCode ?? 0,
    headers: Object.fromEntries(told.map(([name, value]) => [name, String(value)])),
    body: await buffer(answer),
  };
}
