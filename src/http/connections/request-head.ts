import type { IncomingMessage, ServerResponse } from "node:http";
import { RegistryError } from "../../oci/errors.js";
import type { Refusal } from "./refusal.js";

/** More headers than any client or proxy sends. */
const mostHeaders = 1_000;

/**
 * Refuses requests that are ambiguous, although Node can read them: a proxy in front may read them differently, and
 * take what follows for another client's request (RFC 9112, sections 3.2, 6.1 and 11.2).
 */
export function refusalOfHead(request: IncomingMessage): Refusal | undefined {
  const { httpVersion, headers, rawHeaders } = request;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    return { status: 505, message: "this server speaks HTTP/1.1 and HTTP/1.0" };
  }
  if (rawHeaders.length > 2 * mostHeaders)
    return { status: 431, message: `there are more than ${mostHeaders} headers` };
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === "host".length && name.toLowerCase() === "host") hosts++;
  }
  if (hosts > 1) return { status: 400, message: "there are two Host headers" };
  if (hosts === 0 && httpVersion === "1.1") return { status: 400, message: "HTTP/1.1 needs a Host header" };
  const encoding = headers["transfer-encoding"];
  return encoding === undefined ? undefined : refusalOfEncoding(encoding, request);
}

function refusalOfEncoding(encoding: string, { httpVersion, headers }: IncomingMessage): Refusal | undefined {
  if (httpVersion === "1.0") return { status: 400, message: "HTTP/1.0 has no Transfer-Encoding" };
  if (headers["content-length"] !== undefined) {
    return { status: 400, message: "Transfer-Encoding and Content-Length exclude each other" };
  }
  // Any other encoding would be stored as it is, under a wrong meaning.
  if (encoding.toLowerCase() === "chunked") return undefined;
  return { status: 400, message: "the only supported Transfer-Encoding is chunked" };
}

/**
 * Tells a client that expects it to continue with its body.
 * @throws RegistryError with status 417 for any other expectation (RFC 9110, section 10.1.1)
 */
export function answerExpectation({ headers: { expect }, httpVersion }: IncomingMessage, response: ServerResponse) {
  if (expect === undefined || httpVersion === "1.0") return;
  if (expect.trim().toLowerCase() === "100-continue") response.writeContinue();
  else throw new RegistryError("UNSUPPORTED", "the only supported expectation is 100-continue", { status: 417 });
}
