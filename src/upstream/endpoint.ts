import type { Logger } from "../observability/logger.js";
import { dockerHub, isHubHost } from "../oci/docker-hub.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { AuthorizedQuestions } from "./auth/authorized-questions.js";
import type { Blame } from "./blame.js";
import type { HeadMemory } from "./head-memory.js";
import type { AnswerRoom } from "./limits/answer-rooms.js";
import type { Clock } from "./limits/clock.js";
import type { Interest } from "./limits/interest.js";
import type { Outage } from "./limits/outage.js";
import type { Patience } from "./limits/patience.js";
import type { QuotaMemory } from "./limits/quota.js";
import type { RateLimits } from "./limits/rate-limits.js";
import { parseRetryAfter } from "./limits/retry-after.js";
import type { Lane, Slot, Slots } from "./limits/slots.js";
import type { WireAnswer } from "./wire/wire.js";
import { RecalledError } from "./wire/wire-errors.js";

/** What is asked of an endpoint; its URL comes from {@link Endpoint.urlOf}. */
export interface Question {
  readonly method: "GET" | "HEAD";
  readonly url: URL;
  readonly repository: RepositoryName;
  readonly lane: Lane;
  readonly headers: Readonly<Record<string, string>>;
  /** Time from the connection to the headers, if not that of all questions. */
  readonly firstByteMs?: number | undefined;
}

/** Who asks, and how long it may take. */
export interface Asking {
  readonly patience: Patience;
  readonly log: Logger;
  /** Whether the caller has another answer: then an upstream that was just out of reach is not asked. */
  readonly hasFallback: boolean;
  /** Whether anybody waits for the answer. */
  readonly interest: Interest;
  /** Called when the question goes out: until then it waited for its turn. */
  readonly onAsked: () => void;
  readonly room?: AnswerRoom | undefined;
}

interface EndpointOptions {
  readonly url: URL;
  readonly questions: AuthorizedQuestions;
  readonly blame: Blame;
  readonly clock: Clock;
  readonly outage: Outage;
  readonly limits: RateLimits;
  readonly quota: QuotaMemory;
  readonly heads: HeadMemory;
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

  /** What HEAD was worth here. */
  get heads(): HeadMemory {
    return this.#options.heads;
  }

  /** Whether each GET of a manifest is one less that may be had: Docker Hub, and who tells a quota as it does. */
  get countsPulls(): boolean {
    const { blame, url, quota } = this.#options;
    return blame.upstream === dockerHub || isHubHost(url.hostname) || quota.last !== undefined;
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
    this.#refuseLimited(question.url, question);
    const slot = await this.#slotFor(question, asking);
    try {
      asking.onAsked();
      const answer = await this.#options.questions.put({
        request: { ...question, audience: "endpoint" },
        repository: question.repository,
        patience: asking.patience,
        admit: (url) => this.#refuseLimited(url, question),
      });
      await this.#judge(answer, question, asking);
      answer.body.onClose(() => slot.giveBack());
      slot.onRecall(() => answer.body.breakOff(new RecalledError()));
      // A proxy on the way changed something about the answer, and says so by 203 (RFC 9110): it is a 200 all the same.
      return answer.status === 203 ? { ...answer, status: 200 } : answer;
    } catch (error) {
      slot.giveBack();
      throw this.explain(error, asking.patience);
    }
  }

  /** Who has a stored copy does not wait for a turn longer than for an answer. */
  #slotFor({ lane }: Question, { patience, hasFallback, interest }: Asking): Promise<Slot> {
    const turn = (signal: AbortSignal) => this.#options.slots[lane].take(interest, signal);
    return hasFallback ? patience.timed(turn) : patience.untimed(turn);
  }

  /** A host that limits this kind of question is left alone until its time is over. */
  #refuseLimited(url: URL, question: Question): void {
    const { limits, blame } = this.#options;
    const waitMs = limits.waitMs(url.host, kindOf(question));
    if (waitMs > 0) throw blame.at(url.host).limited(waitMs);
  }

  async #judge(answer: WireAnswer, question: Question, asking: Asking): Promise<void> {
    const { outage, limits, quota, clock, maxRetryAfterMs, blame } = this.#options;
    const { host } = answer.url;
    const kind = kindOf(question);
    outage.ended();
    quota.note(answer.headers, asking.log);
    if (answer.status !== 429) limits.answered(host, kind);
    if (answer.status === 200 || answer.status === 203 || answer.status === 206) return;
    const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], clock.wall(), maxRetryAfterMs);
    const culprit = blame.at(host);
    if (answer.status !== 429) throw await culprit.ofAnswer(answer, retryAfterMs);
    limits.refused(host, kind, retryAfterMs);
    throw await culprit.ofAnswer(answer, limits.waitMs(host, kind));
  }
}

/** `manifests`, `blobs`, `tags` or `referrers`: what stands before the last part of the path. */
function kindOf({ url }: Question): string {
  return url.pathname.split("/").at(-2) ?? "";
}
