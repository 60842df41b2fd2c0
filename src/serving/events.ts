import { randomUUID } from "node:crypto";
import type { Config } from "../config/schema.js";
import type { EventSource } from "../events/event.js";
import type { EventSender } from "../events/event-sender.js";
import type { EventMetrics } from "../metrics/event-metrics.js";
import type { Logger } from "../observability/logger.js";
import { packageVersion } from "../package-version.js";
import { ObservedRegistry } from "../registry/observed-registry.js";
import type { Registry } from "../registry/registry.js";
import type { Storage } from "../storage/storage.js";

const instanceId = randomUUID();

interface EventParts {
  readonly storage: Storage;
  readonly metrics: EventMetrics | undefined;
  readonly log: Logger;
}

/** What makes changes of a registry events, if anybody is to be told of them. */
export async function journalOf(config: Config, parts: EventParts): Promise<(registry: Registry) => Registry> {
  const receivers = receiversOf(config);
  if (receivers.length === 0) return (registry) => registry;
  const { EventJournal } = await import("../events/event-journal.js");
  const { JournaledRepository } = await import("../events/journaled-repository.js");
  const { storage, metrics: observer, log } = parts;
  const source = sourceOf(config);
  const journal = new EventJournal({ queue: storage.events, receivers, source, observer, log });
  return (registry) => new ObservedRegistry(registry, (repository) => new JournaledRepository(repository, journal));
}

/** What sends to the receivers of a configuration, which one process does, however many serve. */
export async function eventSendersOf(config: Config, { storage, metrics, log }: EventParts): Promise<EventSender[]> {
  const receivers = receiversOf(config);
  await storage.events.keepOnly((config.events?.endpoints ?? []).map(({ name }) => name));
  if (config.events === undefined || receivers.length === 0) return [];
  const { maxSize } = config.events;
  const { EventSender } = await import("../events/event-sender.js");
  const { EventPost } = await import("../events/event-post.js");
  const surroundings = { version: packageVersion(), environment: process.env };
  return receivers.map(
    (receiver) =>
      new EventSender(
        { ...receiver, maxSize },
        { storage, post: new EventPost(receiver, surroundings), source: sourceOf(config), observer: metrics, log },
      ),
  );
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
