import type { IncomingMessage, ServerResponse } from "node:http";

/** What a store in trouble does with a request. */
export type StoreFault =
  | { readonly kind: "status"; readonly status: number; readonly code: string; readonly region?: string }
  /** A success whose body is an error: as S3 answers when it fails after it has begun to answer. */
  | { readonly kind: "error in success" }
  /** A success that does not say which version it has made. */
  | { readonly kind: "no etag" }
  /** The request has its effect, and the connection breaks before the answer. */
  | { readonly kind: "lost answer" }
  /** It is not looked at until then. */
  | { readonly kind: "held"; readonly until: Promise<void> }
  /** It is looked at after this time, as behind a slow network. */
  | { readonly kind: "late"; readonly byMs: number }
  /** The answer is never there as a whole, and the connection stays open. */
  | { readonly kind: "stalled" }
  /** The body of the answer ends too early. */
  | { readonly kind: "cut"; readonly after: number };

interface Planned {
  readonly matches: RegExp;
  readonly fault: StoreFault;
  left: number;
}

/** Faults to come, each for a number of requests whose `METHOD /path?query` matches. */
export class StoreFaults {
  readonly #planned: Planned[] = [];
  /** All requests so far, as `METHOD /path?query`. */
  readonly requests: string[] = [];

  add(matches: RegExp, fault: StoreFault, times = 1): void {
    this.#planned.push({ matches, fault, left: times });
  }

  /** No more faults. */
  clear(): void {
    this.#planned.length = 0;
  }

  take({ method = "", url = "" }: IncomingMessage): StoreFault | undefined {
    const request = `${method} ${decodeURIComponent(url)}`;
    this.requests.push(request);
    const found = this.#planned.find(({ matches, left }) => left > 0 && matches.test(request));
    if (found !== undefined) found.left--;
    return found?.fault;
  }
}

/** Sends an error as S3 does. */
export function sendError(
  response: ServerResponse,
  { status, code, region }: { readonly status: number; readonly code: string; readonly region?: string },
): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(errorText(code, region === undefined ? "" : `<Region>${region}</Region>`));
}

export function errorText(code: string, more = ""): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>told so</Message>${more}</Error>`;
}
