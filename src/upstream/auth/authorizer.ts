import type { RepositoryName } from "../../oci/repository-name.js";
import { Blame } from "../blame.js";
import type { Clock } from "../limits/clock.js";
import { Patience } from "../limits/patience.js";
import { parseRetryAfter } from "../limits/retry-after.js";
import type { Wire } from "../wire/wire.js";
import { type Challenge, parseChallenges } from "./challenge.js";
import { basicAuthorization, type CredentialSource } from "./credentials.js";
import { trustedRealm } from "./realm.js";
import { TokenCache } from "./token-cache.js";
import { askForToken, readToken, type Token } from "./token-request.js";

interface AuthorizerOptions {
  readonly upstream: string;
  readonly endpoint: URL;
  readonly credentials: CredentialSource;
  readonly realms: readonly string[];
  readonly wire: Wire;
  readonly clock: Clock;
  readonly tokenTimeoutMs: number;
  readonly maxRetryAfterMs: number;
}

/** Where an endpoint's tokens come from. */
interface TokenService {
  readonly realm: URL;
  readonly service: string | undefined;
}

/** Makes the `Authorization` of requests to one endpoint, and remembers how it wants to be asked. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens: TokenCache;
  #tokenService: TokenService | undefined;
  #basic: string | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#tokens = new TokenCache(options.clock);
  }

  /** What earlier challenges taught; `undefined` as long as there was none. */
  async known(repository: RepositoryName, patience: Patience): Promise<string | undefined> {
    if (!this.#tokenService) return this.#basic;
    return this.#bearer(this.#tokenService, repository, patience, undefined);
  }

  /**
   * Answers a 401.
   * @param rejected the `Authorization` that was not enough, if one was sent
   * @returns another one to try; `undefined` if there is none
   */
  async answer(
    header: string | undefined,
    repository: RepositoryName,
    rejected: string | undefined,
    patience: Patience,
  ): Promise<string | undefined> {
    const challenges = parseChallenges(header ?? "");
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer) {
      this.#tokenService = this.#serviceOf(bearer);
      return this.#bearer(this.#tokenService, repository, patience, rejected);
    }
    this.#tokenService = undefined;
    this.#basic = challenges.some(({ scheme }) => scheme === "basic") ? await this.#basicOf() : undefined;
    return this.#basic === rejected ? undefined : this.#basic;
  }

  #serviceOf({ parameters }: Challenge): TokenService {
    const { endpoint, realms } = this.#options;
    return { realm: trustedRealm(parameters.get("realm"), endpoint, realms), service: parameters.get("service") };
  }

  async #basicOf(): Promise<string | undefined> {
    const credentials = await this.#options.credentials();
    if (!credentials || !("username" in credentials)) return undefined;
    return basicAuthorization(credentials.username, credentials.password);
  }

  /** Asks for pulling alone, and for no repository but this one, whatever the challenge says. */
  async #bearer(
    service: TokenService,
    repository: RepositoryName,
    patience: Patience,
    rejected: string | undefined,
  ): Promise<string> {
    const scope = `repository:${repository}:pull`;
    const key = JSON.stringify([service.realm.href, service.service, scope]);
    const fetchToken = () => this.#fetch(service, scope);
    const token = await patience.wait(this.#tokens.get(key, fetchToken, rejected?.replace(/^Bearer /, "")));
    return `Bearer ${token}`;
  }

  /** Others may wait for the same token, so no caller's signal or deadline counts here. */
  async #fetch(service: TokenService, scope: string): Promise<Token> {
    const { wire, clock, tokenTimeoutMs, maxRetryAfterMs } = this.#options;
    const blame = new Blame(this.#options.upstream, service.realm.host);
    const { signal } = new AbortController();
    const patience = new Patience(signal, tokenTimeoutMs, clock);
    try {
      const credentials = await this.#options.credentials();
      const answer = await askForToken(wire, { ...service, scope, credentials }, patience);
      if (answer.status === 200) return await readToken(answer);
      const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], clock.wall(), maxRetryAfterMs);
      const error = await blame.ofAnswer(answer, retryAfterMs);
      // A missing token service does not mean that the content is missing.
      throw error.kind === "not-found" ? blame.invalid(`its token service answers ${answer.status}`) : error;
    } catch (error) {
      throw blame.of(error, signal);
    }
  }
}
