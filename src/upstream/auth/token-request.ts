import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { withFoldedKeys } from "../../oci/folded-key.js";
import type { Deadline } from "../limits/deadline.js";
import type { Audience } from "../wire/connections.js";
import { isRedirect, redirectTarget } from "../wire/redirects.js";
import type { Wire, WireAnswer, WireRequest } from "../wire/wire.js";
import { InvalidAnswerError } from "../wire/wire-errors.js";
import { basicAuthorization, type Credentials } from "./credentials.js";

/** What to request a token for. */
export interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly audience: Audience;
}

export interface Token {
  readonly text: string;
  readonly lifetimeMs: number;
}

const clientId = "berth";
const maxAnswerBytes = 256 * 1024;
const maxTokenLength = 32 * 1024;
/** distribution-spec's token authentication: a token without a lifetime has 60 seconds. */
const defaultLifetimeMs = 60_000;
const longestLifetimeMs = 86_400_000;

const maxRedirects = 5;

/** Requests a token: by GET, or by POST (OAuth2) if GET is not supported or there is a refresh token. */
export async function requestToken(wire: Wire, request: TokenRequest, deadline: Deadline): Promise<WireAnswer> {
  const { credentials } = request;
  const ask = (request: WireRequest) => askWithinOrigin(wire, request, credentials, deadline);
  if (credentials && "identityToken" in credentials) return ask(byPost(request, credentials));
  const answer = await ask(byGet(request, credentials));
  if (!credentials || (answer.status !== 404 && answer.status !== 405)) return answer;
  answer.body.discard();
  return ask(byPost(request, credentials));
}

/**
 * Follows redirects as far as the credentials may go: not beyond their origin. Without credentials, there is nothing to
 * protect.
 */
async function askWithinOrigin(
  wire: Wire,
  first: WireRequest,
  credentials: Credentials | undefined,
  deadline: Deadline,
): Promise<WireAnswer> {
  let request = first;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await wire.exchange(request, deadline);
    if (!isRedirect(answer.status)) return answer;
    answer.body.discard();
    if (redirects === maxRedirects) throw new InvalidAnswerError("its token service redirects too often");
    const url = redirectTarget(answer);
    const isElsewhere = url.origin !== first.url.origin;
    if (isElsewhere && credentials) {
      throw new InvalidAnswerError(`its token service redirects to ${url.host}, which may not receive the credentials`);
    }
    request = { ...request, url, ...(isElsewhere && { audience: "elsewhere" }) };
  }
}

type Login = Extract<Credentials, { username: string }>;

function byGet(request: TokenRequest, login: Login | undefined): WireRequest {
  const url = new URL(request.realm);
  if (request.service !== undefined) url.searchParams.set("service", request.service);
  for (const scope of request.scopes) url.searchParams.append("scope", scope);
  const headers = { Accept: "application/json" };
  const { audience } = request;
  if (!login) return { method: "GET", url, headers, audience };
  url.searchParams.set("account", login.username);
  const authorization = basicAuthorization(login.username, login.password);
  return { method: "GET", url, headers, authorization, audience };
}

function byPost(request: TokenRequest, credentials: Credentials): WireRequest {
  const form = new URLSearchParams({ client_id: clientId, scope: request.scopes.join(" ") });
  if (request.service !== undefined) form.set("service", request.service);
  if ("identityToken" in credentials) {
    form.set("grant_type", "refresh_token");
    form.set("refresh_token", credentials.identityToken);
  } else {
    form.set("grant_type", "password");
    form.set("username", credentials.username);
    form.set("password", credentials.password);
  }
  const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" };
  return { method: "POST", url: request.realm, headers, body: form.toString(), audience: request.audience };
}

/** Parses the response of a token service, which may be hostile. */
export async function readToken(answer: WireAnswer): Promise<Token> {
  const bytes = await answer.body.readAll(maxAnswerBytes);
  const json = parseObject((await decoded(bytes, answer.headers["content-encoding"])).toString());
  const token = [json.token, json.access_token].find((text) => text !== "" && text !== null && text !== undefined);
  if (typeof token !== "string" || token.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(token)) {
    throw new InvalidAnswerError("its token service sends no usable token");
  }
  return { text: token, lifetimeMs: lifetimeOf(json.expires_in) };
}

const decoders = new Map([
  ["gzip", promisify(gunzip)],
  ["x-gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
  ["br", promisify(brotliDecompress)],
]);

/** No encoding was requested, but a token has no digest, so decoding does no harm. */
async function decoded(bytes: Buffer, encoding: string | undefined): Promise<Buffer> {
  const decode = decoders.get(encoding?.trim().toLowerCase() ?? "");
  if (!decode) return bytes;
  // If it is not encoded as it says, it is parsed as it is; if it is not JSON either, that is reported.
  return decode(bytes, { maxOutputLength: maxAnswerBytes }).catch(() => bytes);
}

function parseObject(text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (typeof json !== "object" || json === null) throw new InvalidAnswerError("its token service does not send JSON");
  return withFoldedKeys(json);
}

/** `issued_at` is ignored: the clocks may differ. */
function lifetimeOf(expiresIn: unknown): number {
  const seconds = typeof expiresIn === "string" && /^\d+(\.\d+)?$/.test(expiresIn) ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== "number" || !(seconds > 0)) return defaultLifetimeMs;
  return Math.min(longestLifetimeMs, seconds * 1000);
}
