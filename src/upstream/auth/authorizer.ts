import type { RepositoryName } from "../../oci/repository-name.js";
import { HostErrors } from "../host-errors.js";
import type { Deadline } from "../limits/deadline.js";
import { UpstreamError } from "../upstream-error.js";
import type { WireAnswer } from "../wire/wire.js";
import { type AuthMethod, AuthMethods } from "./auth-methods.js";
import { type Challenge, inOrderOfUse, parseChallenges } from "./challenge.js";
import { basicAuthorization } from "./credentials.js";
import { HiddenChallenge } from "./hidden-challenge.js";
import { parseRealm } from "./realm.js";
import { RefusedTokens } from "./refused-tokens.js";
import { allowedScopes } from "./scopes.js";
import { type TokenSettings, Tokens } from "./tokens.js";

/** What authorizes a request. */
export interface Authorization {
  /** The header; missing if there is none yet, or none could be obtained. */
  readonly header?: string;
  /** The token was fetched for this request, so another one would be no better. */
  readonly isNew?: boolean;
  /** Why no token could be obtained in the known way. */
  readonly failure?: { readonly authMethod: AuthMethod; readonly error: UpstreamError };
}

/** Creates the `Authorization` of requests to one host, and remembers how the host wants to be asked. */
export class Authorizer {
  readonly #settings: TokenSettings;
  readonly #tokens: Tokens;
  readonly #authMethods = new AuthMethods();
  readonly #refused = new RefusedTokens();
  readonly #hidden: HiddenChallenge;

  constructor(settings: TokenSettings) {
    this.#settings = settings;
    this.#tokens = new Tokens(settings);
    this.#hidden = new HiddenChallenge(settings);
  }

  /**
   * Uses what earlier challenges taught. If that fails, the request may be sent without authorization: it may need
   * none, and if it does, the host says where to get tokens now.
   */
  async known(repository: RepositoryName, deadline: Deadline): Promise<Authorization> {
    const authMethod = this.#authMethods.of(repository);
    if (!authMethod) return {};
    const isCertain = this.#authMethods.isCertain(repository);
    try {
      return await this.#authorizationBy(authMethod, repository, deadline);
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.kind === "unavailable")
        this.#authMethods.forget(repository, authMethod);
      if (!(error instanceof UpstreamError) || deadline.upTo(1) === 0) throw error;
      if (isCertain && error.kind === "rate-limited") throw error;
      return { failure: { authMethod, error } };
    }
  }

  /**
   * Checks whether a response asks for other authorization. There is one retry, never a second.
   * @param ping requests the host's `/v2/`, whose challenge its other responses may hide
   * @returns another header to try; `undefined` if the response is final
   * @throws UpstreamError if the response is not usable, and no authorization can be obtained
   */
  async after(
    answer: WireAnswer,
    sent: Authorization,
    repository: RepositoryName,
    ping: () => Promise<WireAnswer>,
    deadline: Deadline,
  ): Promise<string | undefined> {
    const { status } = answer;
    if (status === 401) return this.#challenged(answer, sent, repository, ping, deadline);
    if (status < 400 && sent.failure) this.#authMethods.learn(repository, { scheme: "none" });
    if (status !== 400 && status !== 403 && status !== 404) return undefined;
    // Sent without the token that could not be obtained, so this does not mean that the content is missing.
    if (sent.failure) throw sent.failure.error;
    if (sent.header === undefined) return status === 400 ? undefined : this.#asPingSays(repository, ping, deadline);
    // ECR uses 400 or 403 for a token that was revoked early (containers-roadmap#2835).
    return status === 404 ? undefined : this.#renewed(sent, repository, deadline);
  }

  /** The retry was refused too, so the same token is not doubted again. */
  refusedAgain(repository: RepositoryName, header: string): void {
    this.#refused.note(repository, header);
  }

  async #challenged(
    answer: WireAnswer,
    sent: Authorization,
    repository: RepositoryName,
    ping: () => Promise<WireAnswer>,
    deadline: Deadline,
  ): Promise<string | undefined> {
    const challenges = parseChallenges(answer.headers["www-authenticate"] ?? "");
    if (challenges.length > 0) return this.#meet(challenges, sent, repository, deadline);
    if (sent.failure) throw sent.failure.error;
    if (sent.header === undefined) return this.#asPingSays(repository, ping, deadline);
    return this.#renewed(sent, repository, deadline);
  }

  /** Answers the first challenge that can be answered: with a token, or else with the credentials themselves. */
  async #meet(
    challenges: readonly Challenge[],
    sent: Authorization,
    repository: RepositoryName,
    deadline: Deadline,
  ): Promise<string | undefined> {
    const failures: UpstreamError[] = [];
    for (const challenge of inOrderOfUse(challenges)) {
      try {
        const header = await this.#meetOne(challenge, sent, repository, deadline);
        if (header !== undefined && header !== sent.header) return header;
      } catch (error) {
        const explained = new HostErrors(this.#settings.upstream, this.#settings.endpoint.host).of(
          error,
          deadline.signal,
        );
        if (!(explained instanceof UpstreamError)) throw explained;
        failures.push(explained);
      }
    }
    if (failures[0]) throw failures[0];
    return undefined;
  }

  async #meetOne(
    challenge: Challenge,
    sent: Authorization,
    repository: RepositoryName,
    deadline: Deadline,
  ): Promise<string | undefined> {
    const authMethod = await this.#authMethodOf(challenge, repository);
    if (!authMethod) return undefined;
    this.#authMethods.learn(repository, authMethod);
    if (sent.failure && areSame(sent.failure.authMethod, authMethod)) throw sent.failure.error;
    const { header } = await this.#authorizationBy(authMethod, repository, deadline, sent.header);
    this.#authMethods.prove(authMethod);
    return header;
  }

  async #authMethodOf({ scheme, parameters }: Challenge, repository: RepositoryName): Promise<AuthMethod | undefined> {
    if (scheme === "bearer") {
      const realm = parseRealm(parameters.get("realm"), this.#settings.endpoint);
      const scopes = allowedScopes(parameters.get("scope"), repository);
      return { scheme, from: { realm, service: parameters.get("service"), scopes } };
    }
    const credentials = await this.#settings.credentials();
    if (!credentials || !("username" in credentials)) return undefined;
    return { scheme: "basic", authorization: basicAuthorization(credentials.username, credentials.password) };
  }

  async #authorizationBy(
    authMethod: AuthMethod,
    repository: RepositoryName,
    deadline: Deadline,
    rejected?: string,
  ): Promise<Authorization> {
    if (authMethod.scheme === "none") return {};
    if (authMethod.scheme === "basic") return { header: authMethod.authorization };
    const { text, isNew } = await this.#tokens.get(
      authMethod.from,
      repository,
      deadline,
      rejected?.replace(/^Bearer /, ""),
    );
    return { header: `Bearer ${text}`, isNew };
  }

  /** Asks `/v2/` for the challenge, if the response had none. */
  async #asPingSays(
    repository: RepositoryName,
    ping: () => Promise<WireAnswer>,
    deadline: Deadline,
  ): Promise<string | undefined> {
    const challenges = await this.#hidden.find(ping);
    return challenges.length === 0 ? undefined : this.#meet(challenges, {}, repository, deadline);
  }

  /** Another token than the refused one, if that may be the reason. */
  async #renewed(sent: Authorization, repository: RepositoryName, deadline: Deadline): Promise<string | undefined> {
    const authMethod = this.#authMethods.of(repository);
    if (authMethod?.scheme !== "bearer" || sent.isNew || this.#refused.has(repository, sent.header)) return undefined;
    const { header } = await this.#authorizationBy(authMethod, repository, deadline, sent.header);
    return header === sent.header ? undefined : header;
  }
}

function areSame(one: AuthMethod, other: AuthMethod): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
