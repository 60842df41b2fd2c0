import type { AttemptOptions, Endpoint } from "./endpoint.js";
import { UpstreamError } from "./upstream-error.js";

interface FailoverOptions {
  readonly endpoints: readonly Endpoint[];
  readonly attempts: number;
  readonly retryDelayMs: number;
  /** Between 0 and 1. */
  readonly random: () => number;
}

/** One request to one endpoint. It may be repeated, so it must return nothing before it succeeds. */
export type Attempt<Result> = (endpoint: Endpoint, options: AttemptOptions) => Promise<Result>;

/** Sends a request to the endpoints in order, and again after a pause if that may help. */
export class Failover {
  readonly #options: FailoverOptions;

  constructor(options: FailoverOptions) {
    this.#options = options;
  }

  /** @throws UpstreamError of the last endpoint, which is authoritative */
  async run<Result>(options: AttemptOptions, attempt: Attempt<Result>): Promise<Result> {
    const { attempts, retryDelayMs, random } = this.#options;
    const outage = this.#recentOutage();
    if (options.hasFallback && outage) throw outage;
    for (let failed = 1; ; failed += 1) {
      try {
        return await this.#round(options, attempt);
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        const pauseMs = Math.max(backoffMs(failed, retryDelayMs, random()), error.retryAfterMs ?? 0);
        const mayHelp = error.transient && failed < attempts;
        if (!mayHelp || !(await options.deadline.sleep(pauseMs))) throw this.#givenUp(error);
        options.log.debug("upstream asked again", { host: error.host, failed, pauseMs, error });
      }
    }
  }

  async #round<Result>(options: AttemptOptions, attempt: Attempt<Result>): Promise<Result> {
    const endpoints = this.#usableEndpoints();
    for (const [index, endpoint] of endpoints.entries()) {
      try {
        return await attempt(endpoint, options);
      } catch (broken) {
        const error = endpoint.explain(broken, options.deadline);
        const next = endpoints[index + 1];
        if (!(error instanceof UpstreamError) || !next) throw error;
        endpoint.outage.consider(error);
        if (error.kind !== "not-found") options.log.warn("upstream mirror failed", { next: next.host, error });
      }
    }
    throw new Error("an upstream has at least one endpoint");
  }

  /** A mirror that was unreachable a moment ago is skipped; the registry itself is always asked, last. */
  #usableEndpoints(): readonly Endpoint[] {
    const { endpoints } = this.#options;
    return endpoints.filter((endpoint) => endpoint === endpoints.at(-1) || endpoint.outage.recent() === undefined);
  }

  /** Why no endpoint could be reached a moment ago; `undefined` if one could. */
  #recentOutage(): UpstreamError | undefined {
    const outages = this.#options.endpoints.map(({ outage }) => outage.recent());
    return outages.includes(undefined) ? undefined : outages.at(-1);
  }

  #givenUp(error: UpstreamError): UpstreamError {
    this.#options.endpoints.at(-1)?.outage.consider(error);
    return error;
  }
}

const longestPauseMs = 5_000;

/**
 * How long to wait before another attempt: twice as long each time, and half of it random, so that clients do not all
 * return at once.
 * @param attempt the number of failed attempts
 * @param random between 0 and 1
 */
export function backoffMs(attempt: number, firstMs: number, random: number): number {
  const ms = Math.min(longestPauseMs, firstMs * 2 ** (attempt - 1));
  return ms / 2 + (ms / 2) * random;
}
