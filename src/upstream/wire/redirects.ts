import { refuseLongHost } from "./host-name.js";
import type { WireAnswer, WireRequest } from "./wire.js";
import { InvalidAnswerError } from "./wire-errors.js";

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** As many as Go programs follow, and so all other clients of registries. */
const maxHops = 10;

/**
 * Sends a request and follows redirects. `Authorization` never leaves its origin, and https is never given up.
 * @param send sends one request
 */
export async function followRedirects(
  first: WireRequest,
  send: (request: WireRequest) => Promise<WireAnswer>,
): Promise<WireAnswer> {
  const seen = new Set([first.url.href]);
  for (let request = first; ; ) {
    const answer = await send(request);
    if (!isRedirect(answer.status)) return answer;
    answer.body.discard();
    const url = redirectTarget(answer);
    if (seen.has(url.href)) throw new InvalidAnswerError("the redirects form a loop");
    if (seen.size > maxHops) throw new InvalidAnswerError(`more than ${maxHops} redirects`);
    seen.add(url.href);
    request = nextRequest(request, url, first.url);
  }
}

export function isRedirect(status: number): boolean {
  return redirectStatuses.has(status);
}

/** @throws InvalidAnswerError if it must not be followed */
export function redirectTarget(answer: WireAnswer): URL {
  const location = asciiOf(answer.headers.location);
  if (location === undefined || !URL.canParse(location, answer.url.href)) {
    throw new InvalidAnswerError(`status ${answer.status} without a Location that can be followed`);
  }
  const url = new URL(location, answer.url);
  refuseLongHost(url);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new InvalidAnswerError(`a redirect to ${url.protocol}`);
  }
  if (answer.url.protocol === "https:" && isSameHostByHttp(url, answer.url)) url.protocol = "https:";
  if (answer.url.protocol === "https:" && url.protocol === "http:") {
    throw new InvalidAnswerError(`a redirect from https to http, to ${url.host}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidAnswerError(`a redirect with credentials in it, to ${url.host}`);
  }
  return url;
}

/** Node reads each byte of a header as one character; a path that is not escaped is UTF-8, and its bytes are sent. */
function asciiOf(location: string | undefined): string | undefined {
  return location?.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Behind a proxy that terminates TLS, a registry believes that its scheme is http, and means the requested host. */
function isSameHostByHttp(url: URL, asked: URL): boolean {
  return url.protocol === "http:" && url.host === asked.host;
}

function nextRequest(request: WireRequest, url: URL, endpoint: URL): WireRequest {
  const audience = url.origin === endpoint.origin ? "endpoint" : "elsewhere";
  if (url.origin === request.url.origin) return { ...request, url, audience };
  const { authorization: _, ...others } = request;
  return { ...others, url, audience };
}
