import { LRUCache } from "lru-cache";
import { inParallel } from "../../foundation/in-parallel.js";
import { SingleFlight } from "../../foundation/single-flight.js";
import type { Exchange } from "../../http/exchange.js";
import { RegistryError } from "../../oci/errors.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Registry } from "../../registry/registry.js";
import type { PullRepository } from "../../registry/repository.js";
import { lookAt, looking } from "../looking.js";
import { type RepositoryFacts, summaryOf } from "./repository-facts.js";
import type { RepositoryHoldings } from "./repository-holdings.js";

type Summary = ReturnType<typeof summaryOf>;

const counting = { isCounting: true } as const;

const atOnce = 8;
/** A list waits this long for each of its repositories: one with very many tags or blobs must not hold up the others. */
const readWithinMs = 40;
/** Where finding the names took longer, some are read all the same: a search shows few. */
const leastMs = 20;
/** The client has its answer by then. */
const restAfterMs = 50;
/** What came too late for a list is kept for the next one; the page asks again after 1.5 seconds. */
const keptForMs = 10_000;
const mostKept = 1_000;
/** While more are being read, no list begins to read others. */
const mostReading = 500;

interface SummaryParts {
  readonly registry: Registry;
  readonly facts: RepositoryFacts;
  readonly holdings: RepositoryHoldings;
}

/** What lists show of repositories. Those that cannot be read in time are marked as not counted yet. */
export class RepositorySummaries {
  readonly #parts: SummaryParts;
  readonly #reading = new SingleFlight<RepositoryName, Summary | undefined>();
  readonly #late = new LRUCache<RepositoryName, Summary>({ max: mostKept, ttl: keptForMs });

  constructor(parts: SummaryParts) {
    this.#parts = parts;
  }

  /**
   * In the order of the names. A repository that cannot be read is listed with its name only.
   * @param withinMs time from the request's begin: repositories that are not being read by then are read after the answer
   */
  async of(names: readonly RepositoryName[], exchange: Exchange, withinMs: number): Promise<readonly unknown[]> {
    const found = new Map<RepositoryName, object | undefined>();
    const rest: PullRepository[] = [];
    const answerAt = Math.max(exchange.startedAt + withinMs, performance.now() + leastMs);
    await inParallel(names, atOnce, async (name) => {
      exchange.signal.throwIfAborted();
      const repository = await lookAt(this.#parts.registry, exchange, name).catch(noRepository);
      if (repository === undefined) return;
      const waitMs = Math.min(readWithinMs, answerAt - performance.now());
      const summary = this.#takeLate(repository.name) ?? (await this.#soon(repository, exchange, waitMs));
      if (summary === counting) rest.push(repository);
      found.set(name, summary);
    });
    if (rest.length > 0) setTimeout(() => this.#readRest(rest, exchange), restAfterMs).unref();
    return names.map((name) => ({ name, ...(found.get(name) ?? {}) }));
  }

  async #soon(repository: PullRepository, exchange: Exchange, waitMs: number): Promise<object | undefined> {
    if (waitMs <= 0 || this.#reading.size >= mostReading) return counting;
    const reading = this.#begin(repository, exchange);
    const found = await inTime(reading, counting, waitMs);
    if (found === counting) this.#keep(repository.name, reading);
    return found;
  }

  /** Those whose reading has begun are read once. */
  async #readRest(rest: readonly PullRepository[], exchange: Exchange): Promise<void> {
    await inParallel(rest, atOnce, async (repository) => {
      if (this.#late.has(repository.name) || this.#reading.size >= mostReading) return;
      const reading = this.#begin(repository, exchange);
      this.#keep(repository.name, reading);
      await reading.catch(() => undefined);
    });
  }

  #begin(repository: PullRepository, exchange: Exchange): Promise<Summary | undefined> {
    return this.#reading.run(repository.name, () => this.#read(repository, exchange));
  }

  #takeLate(name: RepositoryName): Summary | undefined {
    const late = this.#late.get(name);
    this.#late.delete(name);
    return late;
  }

  #keep(name: RepositoryName, reading: Promise<Summary | undefined>): void {
    const keep = (summary: Summary | undefined) => summary && void this.#late.set(name, summary);
    // The next list reads it again, and tells what is wrong.
    reading.then(keep, () => undefined);
  }

  /** Others may wait for it, too: it does not end with the request that began it. */
  async #read(repository: PullRepository, exchange: Exchange): Promise<Summary | undefined> {
    const context = { ...looking(exchange), signal: new AbortController().signal };
    const holdings = this.#parts.holdings.of(repository.name, 0);
    try {
      const facts = await this.#parts.facts.of(repository, context);
      return summaryOf(facts, await holdings);
    } catch (error) {
      await holdings.catch(() => undefined);
      return noRepository(error);
    }
  }
}

/** It was deleted, or the client may not look at it. */
function noRepository(error: unknown): undefined {
  if (!(error instanceof RegistryError)) throw error;
}

/** The result, or what takes its place if it takes longer. The timer is cleared, not aborted: an error costs more. */
async function inTime<Result, Late>(result: Promise<Result>, late: Late, waitMs: number): Promise<Result | Late> {
  let timer: NodeJS.Timeout | undefined;
  const isLate = new Promise<Late>((resolve) => {
    timer = setTimeout(resolve, waitMs, late);
  });
  try {
    return await Promise.race([result, isLate]);
  } finally {
    clearTimeout(timer);
  }
}
