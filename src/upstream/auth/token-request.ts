import type { Patience } from "../limits/patience.js";
import type { Wire, WireAnswer, WireRequest } from "../wire/wire.js";
import { InvalidAnswerError } from "../wire/wire-errors.js";
import { basicAuthorization, type Credentials } from "./credentials.js";

/** What a token is asked for. */
export interface TokenQuestion {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scope: string;
  readonly credentials: Credentials | undefined;
}

export interface Token {
  readonly text: string;
  readonly lifetimeMs: number;
}

const clientId = "berth";
const maxAnswerBytes = 256 * 1024;
const maxTokenLength = 32 * 1024;
/** distribution-spec's token authentication: a token that tells no lifetime has 60 seconds. */
const defaultLifetimeMs = 60_000;
const longestLifetimeMs = 86_400_000;

/**
 * Asks a token service, by GET, and by POST (OAuth2) where GET is unknown or a refresh token is to be shown. Redirects
 * are not followed: the credentials are for this address.
 */
export async function askForToken(wire: Wire, question: TokenQuestion, patience: Patience): Promise<WireAnswer> {
  const { credentials } = question;
  if (credentials && "identityToken" in credentials) return wire.exchange(byPost(question, credentials), patience);
  const answer = await wire.exchange(byGet(question, credentials), patience);
  if (!credentials || (answer.status !== 404 && answer.status !== 405)) return answer;
  answer.body.discard();
  return wire.exchange(byPost(question, credentials), patience);
}

type Login = Extract<Credentials, { username: string }>;

function byGet(question: TokenQuestion, login: Login | undefined): WireRequest {
  const url = new URL(question.realm);
  if (question.service !== undefined) url.searchParams.set("service", question.service);
  url.searchParams.set("scope", question.scope);
  const headers = { Accept: "application/json" };
  if (!login) return { method: "GET", url, headers, audience: "endpoint" };
  url.searchParams.set("account", login.username);
  const authorization = basicAuthorization(login.username, login.password);
  return { method: "GET", url, headers, authorization, audience: "endpoint" };
}

function byPost(question: TokenQuestion, credentials: Credentials): WireRequest {
  const form = new URLSearchParams({ client_id: clientId, scope: question.scope });
  if (question.service !== undefined) form.set("service", question.service);
  if ("identityToken" in credentials) {
    form.set("grant_type", "refresh_token");
    form.set("refresh_token", credentials.identityToken);
  } else {
    form.set("grant_type", "password");
    form.set("username", credentials.username);
    form.set("password", credentials.password);
  }
  const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" };
  return { method: "POST", url: question.realm, headers, body: form.toString(), audience: "endpoint" };
}

/** Reads the answer of a token service, which may be hostile. */
export async function readToken(answer: WireAnswer): Promise<Token> {
  const text = (await answer.body.readAll(maxAnswerBytes)).toString();
  const json = parseObject(text);
  const token = json.token ?? json.access_token;
  if (typeof token !== "string" || token.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(token)) {
    throw new InvalidAnswerError("its token service sends no usable token");
  }
  return { text: token, lifetimeMs: lifetimeOf(json.expires_in) };
}

function parseObject(text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (typeof json !== "object" || json === null) throw new InvalidAnswerError("its token service does not send JSON");
  return { ...json };
}

function lifetimeOf(seconds: unknown): number {
  if (typeof seconds !== "number" || !(seconds > 0)) return defaultLifetimeMs;
  return Math.min(longestLifetimeMs, seconds * 1000);
}
