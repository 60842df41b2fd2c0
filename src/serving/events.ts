import { randomUUID } from "node:crypto";
import type { Config } from "../config/schema.js";
import type { EventSource } from "../events/event.js";
import type { EventJournal } from "../events/event-journal.js";
import type { EventSender } from "../events/event-sender.js";
import type { CollectionObserver } from "../maintenance/scheduled-collection.js";
import type { EventMetrics } from "../metrics/event-metrics.js";
import type { Logger } from "../observability/logger.js";
import { packageVersion } from "../package-version.js";
import { ObservedRegistry } from "../registry/observed-registry.js";
import type { Registry } from "../registry/registry.js";
import type { PullRepository } from "../registry/repository.js";
import type { Storage } from "../storage/storage.js";
import type { Quota } from "../upstream/limits/quota.js";

const instanceId = randomUUID();

interface EventParts {
  readonly storage: Storage;
  readonly metrics: EventMetrics | undefined;
  readonly log: Logger;
}

/** What makes events of what happens, for one configuration. */
export interface Notifications {
  /** A registry whose changes, and pulls if wanted, become events. */
  observe(registry: Registry): Registry;
  /** The quota of an upstream is nearly spent. */
  quotaLow(upstream: string, quota: Quota): void;
  /** Sends what waits in memory. */
  close(): Promise<void>;
}

const nobody: Notifications = {
  observe: (registry) => registry,
  quotaLow: () => {},
  close: async () => {},
};

/** What tells the receivers of a configuration, if there are any. */
export async function notificationsOf(config: Config, parts: EventParts): Promise<Notifications> {
  const journal = await journalOf(config, parts);
  if (journal === undefined) return nobody;
  const { JournaledRepository } = await import("../events/journaled-repository.js");
  const pulls = await pullsOf(config, parts);
  return {
    observe: (registry) =>
      new ObservedRegistry(registry, {
        ...(pulls && { pull: pulls.observe }),
        push: (repository) => new JournaledRepository(repository, journal),
      }),
    quotaLow: (upstream, { limit, remaining, windowSeconds }) =>
      void journal.noteOwn("quota", { upstream, limit, remaining, windowSeconds }),
    close: async () => pulls?.close(),
  };
}

/** Tells receivers of collections. */
export function collectionEventsOf(config: Config, parts: EventParts): CollectionObserver {
  return {
    collected: async (collection) => {
      if (collection === undefined) return;
      const { bytes, removed, waiting, trashed } = collection;
      const journal = await journalOf(config, parts);
      await journal?.noteOwn("collection", { bytes, removed, waiting, trashed });
    },
  };
}

/** Keeps events for the receivers of a configuration; `undefined` if there are none. */
async function journalOf(
  config: Config,
  { storage, metrics: observer, log }: EventParts,
): Promise<EventJournal | undefined> {
  const receivers = receiversOf(config);
  if (receivers.length === 0) return undefined;
  const { EventJournal } = await import("../events/event-journal.js");
  return new EventJournal({ queue: storage.events, receivers, source: sourceOf(config), observer, log });
}

async function pullsOf(config: Config, { metrics: observer, log }: EventParts) {
  const receivers = receiversOf(config).filter(({ include }) => include.includes("pull"));
  if (receivers.length === 0) return undefined;
  const { PullEvents } = await import("../events/pull-events.js");
  const { PulledRepository } = await import("../events/pulled-repository.js");
  const { EventPost } = await import("../events/event-post.js");
  const posting = receivers.map((receiver) => ({ ...receiver, post: new EventPost(receiver, surroundings()) }));
  const events = new PullEvents({ receivers: posting, source: sourceOf(config), observer, log });
  return {
    observe: (repository: PullRepository): PullRepository => new PulledRepository(repository, events),
    close: () => events.close(),
  };
}

/** What sends to the receivers of a configuration, which one process does, however many serve. */
export async function eventSendersOf(config: Config, { storage, metrics, log }: EventParts): Promise<EventSender[]> {
  const receivers = receiversOf(config);
  await storage.events.keepOnly((config.events?.endpoints ?? []).map(({ name }) => name));
  if (config.events === undefined || receivers.length === 0) return [];
  const { maxSize } = config.events;
  const { EventSender } = await import("../events/event-sender.js");
  const { EventPost } = await import("../events/event-post.js");
  return receivers.map(
    (receiver) =>
      new EventSender(
        { ...receiver, maxSize },
        { storage, post: new EventPost(receiver, surroundings()), source: sourceOf(config), observer: metrics, log },
      ),
  );
}

function surroundings() {
  return { version: packageVersion(), environment: process.env };
}

function receiversOf({ events }: Config) {
  return events?.endpoints.filter(({ disabled }) => !disabled) ?? [];
}

function sourceOf({ server: { publicUrl, tls, host, port } }: Config): EventSource {
  return {
    publicUrl: publicUrl?.replace(/\/+$/, ""),
    scheme: tls === undefined ? "http" : "https",
    address: `${host}:${port}`,
    instanceId,
  };
}
