import type { RepositoryName } from "../../oci/repository-name.js";
import { HostErrors } from "../host-errors.js";
import type { Clock } from "../limits/deadline.js";
import { Deadline } from "../limits/deadline.js";
import type { RateLimits } from "../limits/rate-limits.js";
import { parseRetryAfter } from "../limits/rate-limits.js";
import type { Wire, WireAnswer } from "../wire/wire.js";
import type { TokenService } from "./auth-methods.js";
import type { CredentialSource } from "./credentials.js";
import { isTrustedRealm, refuseUntrusted } from "./realm.js";
import { pullScope } from "./scopes.js";
import { type GivenToken, TokenCache } from "./token-cache.js";
import { readToken, requestToken, type Token } from "./token-request.js";

export interface TokenSettings {
  /** The configured name. */
  readonly upstream: string;
  /** The host that the tokens are for. */
  readonly endpoint: URL;
  readonly credentials: CredentialSource;
  /** Other hosts that may receive the credentials. */
  readonly realms: readonly string[];
  readonly wire: Wire;
  readonly clock: Clock;
  readonly limits: RateLimits;
  readonly tokenTimeoutMs: number;
  readonly maxRetryAfterMs: number;
}

/** The tokens for pulling from one host. */
export class Tokens {
  readonly #settings: TokenSettings;
  readonly #cache: TokenCache;

  constructor(settings: TokenSettings) {
    this.#settings = settings;
    this.#cache = new TokenCache(settings.clock);
  }

  /**
   * A token for pulling from this repository only, possibly one that was fetched before.
   * @param rejected a token that must not be returned again
   * @throws UpstreamError if the token service cannot be reached or refuses, or the caller's reason
   */
  async get(
    from: TokenService,
    repository: RepositoryName,
    deadline: Deadline,
    rejected?: string,
  ): Promise<GivenToken> {
    const scopes = [pullScope(repository), ...from.scopes];
    const key = JSON.stringify([from.realm.href, from.service, ...scopes]);
    try {
      return await deadline.wait(this.#cache.get(key, () => this.#fetch(from, scopes), rejected));
    } catch (error) {
      throw new HostErrors(this.#settings.upstream, from.realm.host).of(error, deadline.signal);
    }
  }

  /** Others may wait for the same token, so no caller's signal or deadline applies. */
  async #fetch(from: TokenService, scopes: readonly string[]): Promise<Token> {
    const { upstream, clock, limits, tokenTimeoutMs } = this.#settings;
    const { host } = from.realm;
    const errors = new HostErrors(upstream, host);
    const waitMs = limits.waitMs(host, "token");
    if (waitMs > 0) throw errors.limited(waitMs);
    const { signal } = new AbortController();
    try {
      const answer = await this.#ask(from, scopes, new Deadline(signal, tokenTimeoutMs, clock));
      if (answer.status >= 200 && answer.status < 300) return await readToken(answer);
      throw await this.#refusal(answer, errors);
    } catch (error) {
      throw errors.of(error, signal);
    }
  }

  /** A service that knows only the scope of its challenge refuses ours: then only that one is requested. */
  async #ask(from: TokenService, scopes: readonly string[], deadline: Deadline): Promise<WireAnswer> {
    const { wire, endpoint, realms } = this.#settings;
    const credentials = await this.#settings.credentials();
    if (credentials) refuseUntrusted(from.realm, endpoint, realms);
    const audience = isTrustedRealm(from.realm, endpoint, realms) ? "endpoint" : "elsewhere";
    const request = { ...from, scopes, credentials, audience } as const;
    const answer = await requestToken(wire, request, deadline);
    if (from.scopes.length === 0 || ![400, 401, 403, 404].includes(answer.status)) return answer;
    answer.body.discard();
    return requestToken(wire, { ...request, scopes: from.scopes }, deadline);
  }

  async #refusal(answer: WireAnswer, errors: HostErrors): Promise<Error> {
    const { clock, limits, maxRetryAfterMs } = this.#settings;
    const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], clock.wall(), maxRetryAfterMs);
    if (answer.status === 429) {
      limits.refused(errors.host, "token", retryAfterMs);
      return errors.ofResponse(answer, limits.waitMs(errors.host, "token"));
    }
    const error = await errors.ofResponse(answer, retryAfterMs);
    // A missing token service does not mean that the content is missing.
    return error.kind === "not-found" ? errors.invalid(`its token service answers ${answer.status}`) : error;
  }
}
