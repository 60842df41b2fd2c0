import type { Logger } from "../observability/logger.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Authorizer } from "./auth/authorizer.js";
import type { Blame } from "./blame.js";
import type { Clock } from "./limits/clock.js";
import type { Outage } from "./limits/outage.js";
import type { Patience } from "./limits/patience.js";
import type { QuotaMemory } from "./limits/quota.js";
import type { Lane, RateLimits } from "./limits/rate-limits.js";
import { parseRetryAfter } from "./limits/retry-after.js";
import type { Slots } from "./limits/slots.js";
import { UpstreamError } from "./upstream-error.js";
import { followRedirects } from "./wire/redirects.js";
import type { Wire, WireAnswer, WireRequest } from "./wire/wire.js";

/** What is asked of an endpoint; its URL comes from {@link Endpoint.urlOf}. */
export interface Question {
  readonly method: "GET" | "HEAD";
  readonly url: URL;
  readonly repository: RepositoryName;
  readonly lane: Lane;
  readonly headers: Readonly<Record<string, string>>;
}

/** Who asks, and how long it may take. */
export interface Asking {
  readonly patience: Patience;
  readonly log: Logger;
  /** Whether the caller has another answer: then an upstream that was just out of reach is not asked. */
  readonly hasFallback: boolean;
}

interface EndpointOptions {
  readonly url: URL;
  readonly wire: Wire;
  readonly authorizer: Authorizer;
  readonly blame: Blame;
  readonly clock: Clock;
  readonly outage: Outage;
  readonly limits: RateLimits;
  readonly quota: QuotaMemory;
  readonly slots: Readonly<Record<Lane, Slots>>;
  readonly maxRetryAfterMs: number;
  readonly close: () => void;
}

/** One address of an upstream: asks it once, with authorization, within its limits. */
export class Endpoint {
  readonly #options: EndpointOptions;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  get host(): string {
    return this.#options.blame.host;
  }

  /** Closes idle connections. */
  close(): void {
    this.#options.close();
  }

  /** Whether it was out of reach a moment ago. */
  get outage(): Outage {
    return this.#options.outage;
  }

  /** Names, tags and digests hold no character that means something in a URL. */
  urlOf(repository: RepositoryName, ...path: readonly string[]): URL {
    const url = new URL(this.#options.url);
    url.pathname = [url.pathname.replace(/\/$/, ""), "v2", repository, ...path].join("/");
    return url;
  }

  /** Says in one form what went wrong here. */
  explain(error: unknown, patience: Patience): unknown {
    return this.#options.blame.of(error, patience.signal);
  }

  /**
   * Asks, and gives the answer if it is a success. Its body must be read, discarded or closed.
   * @throws UpstreamError
   */
  async ask(question: Question, asking: Asking): Promise<WireAnswer> {
    const { limits, slots, blame } = this.#options;
    const waitMs = limits.waitMs(question.lane);
    if (waitMs > 0) throw blame.limited(waitMs);
    const giveBack = await slots[question.lane].take(asking.patience);
    try {
      const answer = await this.#askAuthorized(question, asking.patience);
      await this.#judge(answer, question, asking);
      answer.body.onClose(giveBack);
      return answer;
    } catch (error) {
      giveBack();
      throw this.#remember(this.explain(error, asking.patience), question.lane);
    }
  }

  /** A second 401 is an answer, too: there is one new try, never a third. */
  async #askAuthorized(question: Question, patience: Patience): Promise<WireAnswer> {
    const { wire, authorizer, url } = this.#options;
    const authorization = await authorizer.known(question.repository, patience);
    const request: WireRequest = { ...question, authorization, audience: "endpoint" };
    const answer = await followRedirects(wire, request, patience);
    if (answer.status !== 401 || answer.url.origin !== url.origin) return answer;
    const challenge = answer.headers["www-authenticate"];
    const renewal = authorizer.answer(challenge, question.repository, authorization, patience);
    const renewed = await renewal.catch((error) => {
      answer.body.discard();
      throw error;
    });
    if (renewed === undefined) return answer;
    answer.body.discard();
    return followRedirects(wire, { ...request, authorization: renewed }, patience);
  }

  async #judge(answer: WireAnswer, question: Question, asking: Asking): Promise<void> {
    const { outage, limits, quota, clock, maxRetryAfterMs, blame } = this.#options;
    outage.ended();
    quota.note(answer.headers, asking.log);
    if (answer.status !== 429) limits.answered(question.lane);
    if (answer.status === 200 || answer.status === 206) return;
    const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], clock.wall(), maxRetryAfterMs);
    const culprit = blame.at(answer.url.host);
    if (answer.status !== 429) throw await culprit.ofAnswer(answer, retryAfterMs);
    limits.refused(question.lane, retryAfterMs);
    throw await culprit.ofAnswer(answer, limits.waitMs(question.lane));
  }

  /** What was refused before the question itself was a token, without which nothing can be asked. */
  #remember(error: unknown, lane: Lane): unknown {
    const { limits } = this.#options;
    const isLimit = error instanceof UpstreamError && error.kind === "rate-limited";
    if (isLimit && limits.waitMs(lane) === 0) limits.refused("list", error.retryAfterMs);
    return error;
  }
}
