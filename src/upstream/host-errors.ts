import { mediaTypeOf, plainText } from "./answer-headers.js";
import { failureOf } from "./failure-words.js";
import { UpstreamError } from "./upstream-error.js";
import type { WireAnswer } from "./wire/wire.js";
import { InvalidAnswerError, RecalledError, TimedOutError } from "./wire/wire-errors.js";

const maxErrorBody = 64 * 1024;
const maxMessageLength = 300;

/** Turns failures of one host into UpstreamErrors that name it. */
export class HostErrors {
  readonly upstream: string;
  readonly host: string;

  constructor(upstream: string, host: string) {
    this.upstream = upstream;
    this.host = host;
  }

  /** The same for another host that the upstream redirected to. */
  at(host: string): HostErrors {
    return host === this.host ? this : new HostErrors(this.upstream, host);
  }

  /** Explains why an exchange failed; the caller's own abort and our own recall pass unchanged. */
  of(error: unknown, signal: AbortSignal): unknown {
    if (error instanceof UpstreamError || error instanceof RecalledError) return error;
    if (signal.aborted && error === signal.reason) return error;
    if (error instanceof InvalidAnswerError) return this.invalid(error.message);
    if (error instanceof TimedOutError) {
      return this.#error("unavailable", `timed out: ${error.message}`, { transient: true });
    }
    const { words, kind, transient } = failureOf(error);
    return this.#error(kind, words, { transient, cause: withoutExtras(error) });
  }

  /** The response cannot be true, or must not be followed. */
  invalid(what: string): UpstreamError {
    return this.#error("invalid", `gave an invalid response: ${what}`, {});
  }

  limited(retryAfterMs: number): UpstreamError {
    return this.#error("rate-limited", "is rate limiting requests", { status: 429, retryAfterMs });
  }

  /** Explains a refusal, with the upstream's own words for it. */
  async ofResponse(answer: WireAnswer, retryAfterMs: number | undefined): Promise<UpstreamError> {
    const { status } = answer;
    const upstreamMessage = await messageIn(answer);
    const said = upstreamMessage ? `: ${upstreamMessage}` : "";
    const details = { status, upstreamMessage, retryAfterMs };
    switch (status) {
      case 401:
        return this.#error("unauthorized", `rejected the credentials, or requires some (401)${said}`, details);
      case 403:
      case 451:
        return this.#error("denied", `refuses access (${status})${said}`, details);
      case 404:
      case 410:
        return this.#error("not-found", `does not have it (${status})${said}`, details);
      case 429:
        return this.#error("rate-limited", `is rate limiting requests (429)${said}`, details);
      case 408:
        return this.#error("unavailable", `timed out (408)${said}`, { ...details, transient: true });
      default:
        if (status >= 500)
          return this.#error("unavailable", `failed (${status})${said}`, { ...details, transient: true });
        return this.#error("invalid", `answers ${status}${said}`, details);
    }
  }

  #error(
    kind: UpstreamError["kind"],
    what: string,
    details: Partial<Pick<UpstreamError, "status" | "upstreamMessage" | "retryAfterMs" | "transient" | "cause">>,
  ): UpstreamError {
    const who = this.host === this.upstream ? this.host : `${this.upstream} (${this.host})`;
    return new UpstreamError(kind, `${who} ${what}`, { ...details, upstream: this.upstream, host: this.host });
  }
}

/** The first message of an OCI error body, or that of a token service; otherwise the first line of plain text. */
async function messageIn({ body, headers }: WireAnswer): Promise<string | undefined> {
  try {
    const text = (await body.readAll(maxErrorBody)).toString();
    const words = mediaTypeOf(headers) === "text/plain" ? wordsIn(text) : ociMessageIn(text);
    return plainText(words ?? "", maxMessageLength) || undefined;
  } catch {
    return undefined;
  }
}

/** Some registries send their JSON as text. */
function wordsIn(text: string): string | undefined {
  try {
    return ociMessageIn(text);
  } catch {
    return text.trim().split("\n", 1)[0];
  }
}

/** @throws SyntaxError if it is not JSON */
function ociMessageIn(text: string): string {
  const json = JSON.parse(text);
  const { code, message = json.error_description ?? json.details ?? json.message } = json.errors?.[0] ?? {};
  return [code, message].filter((part) => typeof part === "string" && part !== "").join(": ");
}

/** Errors of Node's HTTP parser carry the packet that caused them, which may contain a token. */
function withoutExtras(error: unknown): unknown {
  if (!(error instanceof Error && "rawPacket" in error)) return error;
  return new Error(error.message);
}
