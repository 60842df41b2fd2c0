import type { IncomingMessage } from "node:http";
import { http, https } from "../../foundation/node-http.js";

export interface FetchOptions {
  /** Authorities to trust instead of the default ones, in PEM format. */
  readonly ca?: string | undefined;
  readonly bearerToken?: string | undefined;
  /** Sent as the body of a POST. */
  readonly form?: URLSearchParams | undefined;
}

/** Key sets have a few kilobytes. */
const largestBody = 512 * 1024;
const timeoutMs = 5_000;

/**
 * Fetches a JSON document. Does not follow redirects: an issuer's keys come only from the address in the configuration
 * or in its own discovery document, and a token is never sent anywhere else.
 * @throws Error with a sentence that names the address
 */
export async function fetchJson(url: URL, { ca, bearerToken, form }: FetchOptions): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = {
    Accept: "application/json",
    ...(bearerToken && { Authorization: `Bearer ${bearerToken}` }),
    ...(form && { "Content-Type": "application/x-www-form-urlencoded" }),
  };
  const method = form === undefined ? "GET" : "POST";
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const send = url.protocol === "https:" ? https().request : http.request;
      const request = send(url, { method, headers, signal, agent: false, ...(ca !== undefined && { ca }) });
      request.on("response", (response) => readBody(response).then(resolve, reject));
      request.on("error", reject);
      request.end(form?.toString());
    });
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${url.origin}${url.pathname} gave no usable response: ${reason}`, { cause });
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`status ${response.statusCode}`);
  }
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response) {
    // A stream without an encoding yields buffers.
    pieces.push(piece as Buffer);
    length += (piece as Buffer).length;
    if (length > largestBody) {
      response.destroy();
      throw new Error(`more than ${largestBody} bytes`);
    }
  }
  return Buffer.concat(pieces).toString("utf8");
}
