import type { Logger } from "../observability/logger.js";
import type { Context } from "../registry/context.js";
import { type EventAction, type EventSource, type EventTarget, envelope, eventOf } from "./event.js";

/** What a receiver wants to hear. */
export interface EventFilter {
  readonly name: string;
  readonly ignoreMediaTypes: readonly string[];
  readonly ignoreActions: readonly string[];
}

/** Where events are kept until they are sent. */
export interface KeptEvents {
  add(receivers: readonly string[], content: Buffer): Promise<void>;
}

/** Told of each event that is kept. */
export interface JournalObserver {
  kept(receiver: string): void;
}

interface JournalParts {
  readonly queue: KeptEvents;
  readonly receivers: readonly EventFilter[];
  readonly source: EventSource;
  readonly observer: JournalObserver | undefined;
  readonly log: Logger;
}

/** Keeps events of what has happened, before the client hears of it: none is lost once the change is acknowledged. */
export class EventJournal {
  readonly #parts: JournalParts;

  constructor(parts: JournalParts) {
    this.#parts = parts;
  }

  /** Never fails: what was done stays done, and the log says that nobody will hear of it. */
  async note(action: EventAction, target: EventTarget, context: Context): Promise<void> {
    const { queue, receivers, source, observer, log } = this.#parts;
    const names = receivers.filter((receiver) => wants(receiver, action, target)).map(({ name }) => name);
    if (names.length === 0) return;
    try {
      await queue.add(names, envelope(eventOf(action, target, context, source)));
      for (const name of names) observer?.kept(name);
    } catch (cause) {
      log.error("an event could not be stored and will not be sent", { action, ...target, cause });
    }
  }
}

function wants({ ignoreActions, ignoreMediaTypes }: EventFilter, action: EventAction, target: EventTarget): boolean {
  if (ignoreActions.includes(action)) return false;
  return target.mediaType === undefined || !ignoreMediaTypes.includes(target.mediaType);
}
