import type { RepositoryName } from "../../oci/repository-name.js";
import { Blame } from "../blame.js";
import type { Patience } from "../limits/patience.js";
import { UpstreamError } from "../upstream-error.js";
import type { WireAnswer } from "../wire/wire.js";
import { type Challenge, inOrderOfUse, parseChallenges } from "./challenge.js";
import { basicAuthorization } from "./credentials.js";
import { HiddenChallenge } from "./hidden-challenge.js";
import { parseRealm } from "./realm.js";
import { RefusedTokens } from "./refused-tokens.js";
import { allowedScopes } from "./scopes.js";
import { type TokenSettings, Tokens } from "./tokens.js";
import { type Way, Ways } from "./ways.js";

/** What authorizes a request. */
export interface Authorization {
  /** The header; missing if there is none yet, or none could be obtained. */
  readonly header?: string;
  /** The token was fetched for this request, so another one would be no better. */
  readonly isNew?: boolean;
  /** Why no token could be obtained in the known way. */
  readonly failure?: { readonly way: Way; readonly error: UpstreamError };
}

/** Creates the `Authorization` of requests to one host, and remembers how the host wants to be asked. */
export class Authorizer {
  readonly #settings: TokenSettings;
  readonly #tokens: Tokens;
  readonly #ways = new Ways();
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
  async known(repository: RepositoryName, patience: Patience): Promise<Authorization> {
    const way = this.#ways.of(repository);
    if (!way) return {};
    const isCertain = this.#ways.isCertain(repository);
    try {
      return await this.#inWay(way, repository, patience);
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.kind === "unavailable") this.#ways.forget(repository, way);
      if (!(error instanceof UpstreamError) || patience.upTo(1) === 0) throw error;
      if (isCertain && error.kind === "rate-limited") throw error;
      return { failure: { way, error } };
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
    patience: Patience,
  ): Promise<string | undefined> {
    const { status } = answer;
    if (status === 401) return this.#challenged(answer, sent, repository, ping, patience);
    if (status < 400 && sent.failure) this.#ways.learn(repository, { scheme: "none" });
    if (status !== 400 && status !== 403 && status !== 404) return undefined;
    // Sent without the token that could not be obtained, so this does not mean that the content is missing.
    if (sent.failure) throw sent.failure.error;
    if (sent.header === undefined) return status === 400 ? undefined : this.#asPingSays(repository, ping, patience);
    // ECR uses 400 or 403 for a token that was revoked early (containers-roadmap#2835).
    return status === 404 ? undefined : this.#renewed(sent, repository, patience);
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
    patience: Patience,
  ): Promise<string | undefined> {
    const challenges = parseChallenges(answer.headers["www-authenticate"] ?? "");
    if (challenges.length > 0) return this.#meet(challenges, sent, repository, patience);
    if (sent.failure) throw sent.failure.error;
    if (sent.header === undefined) return this.#asPingSays(repository, ping, patience);
    return this.#renewed(sent, repository, patience);
  }

  /** Answers the first challenge that can be answered: with a token, or else with the credentials themselves. */
  async #meet(
    challenges: readonly Challenge[],
    sent: Authorization,
    repository: RepositoryName,
    patience: Patience,
  ): Promise<string | undefined> {
    const failures: UpstreamError[] = [];
    for (const challenge of inOrderOfUse(challenges)) {
      try {
        const header = await this.#meetOne(challenge, sent, repository, patience);
        if (header !== undefined && header !== sent.header) return header;
      } catch (error) {
        const explained = new Blame(this.#settings.upstream, this.#settings.endpoint.host).of(error, patience.signal);
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
    patience: Patience,
  ): Promise<string | undefined> {
    const way = await this.#wayOf(challenge, repository);
    if (!way) return undefined;
    this.#ways.learn(repository, way);
    if (sent.failure && areSame(sent.failure.way, way)) throw sent.failure.error;
    const { header } = await this.#inWay(way, repository, patience, sent.header);
    this.#ways.prove(way);
    return header;
  }

  async #wayOf({ scheme, parameters }: Challenge, repository: RepositoryName): Promise<Way | undefined> {
    if (scheme === "bearer") {
      const realm = parseRealm(parameters.get("realm"), this.#settings.endpoint);
      const scopes = allowedScopes(parameters.get("scope"), repository);
      return { scheme, from: { realm, service: parameters.get("service"), scopes } };
    }
    const credentials = await this.#settings.credentials();
    if (!credentials || !("username" in credentials)) return undefined;
    return { scheme: "basic", authorization: basicAuthorization(credentials.username, credentials.password) };
  }

  async #inWay(way: Way, repository: RepositoryName, patience: Patience, rejected?: string): Promise<Authorization> {
    if (way.scheme === "none") return {};
    if (way.scheme === "basic") return { header: way.authorization };
    const { text, isNew } = await this.#tokens.get(way.from, repository, patience, rejected?.replace(/^Bearer /, ""));
    return { header: `Bearer ${text}`, isNew };
  }

  /** Asks `/v2/` for the challenge, if the response had none. */
  async #asPingSays(
    repository: RepositoryName,
    ping: () => Promise<WireAnswer>,
    patience: Patience,
  ): Promise<string | undefined> {
    const challenges = await this.#hidden.find(ping);
    return challenges.length === 0 ? undefined : this.#meet(challenges, {}, repository, patience);
  }

  /** Another token than the refused one, if that may be the reason. */
  async #renewed(sent: Authorization, repository: RepositoryName, patience: Patience): Promise<string | undefined> {
    const way = this.#ways.of(repository);
    if (way?.scheme !== "bearer" || sent.isNew || this.#refused.has(repository, sent.header)) return undefined;
    const { header } = await this.#inWay(way, repository, patience, sent.header);
    return header === sent.header ? undefined : header;
  }
}

function areSame(one: Way, other: Way): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
