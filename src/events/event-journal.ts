import type { LogFields, Logger } from "../observability/logger.js";
import type { Context } from "../registry/context.js";
import {
  causeOf,
  type EventAction,
  type EventSource,
  type EventTarget,
  envelope,
  eventOf,
  type NoticeAction,
  noticeOf,
} from "./event.js";

/** What a receiver wants to hear. */
export interface EventFilter {
  readonly name: string;
  readonly ignoreMediaTypes: readonly string[];
  readonly ignoreActions: readonly string[];
  /** What is told only if it is listed here: `pull`, `quota`, `collection`. */
  readonly include: readonly string[];
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
    const { receivers, source } = this.#parts;
    const wanted = receivers.filter((receiver) => wants(receiver, action, target));
    await this.#keep(wanted, () => eventOf(action, target, causeOf(context), source), { action, ...target });
  }

  /** For what no client did. Never fails, either. */
  async noteOwn(action: NoticeAction, target: object): Promise<void> {
    const { receivers, source } = this.#parts;
    const wanted = receivers.filter(({ include }) => include.includes(action));
    await this.#keep(wanted, () => noticeOf(action, target, source), { action, ...target });
  }

  async #keep(receivers: readonly EventFilter[], eventToKeep: () => object, told: LogFields): Promise<void> {
    const { queue, observer, log } = this.#parts;
    const names = receivers.map(({ name }) => name);
    if (names.length === 0) return;
    try {
      await queue.add(names, envelope(eventToKeep()));
      for (const name of names) observer?.kept(name);
    } catch (cause) {
      log.error("an event could not be stored and will not be sent", { ...told, cause });
    }
  }
}

/** Whether a receiver wants an event of what a client did. */
export function wants(
  { ignoreActions, ignoreMediaTypes }: EventFilter,
  action: EventAction,
  target: EventTarget,
): boolean {
  if (ignoreActions.includes(action)) return false;
  return target.mediaType === undefined || !ignoreMediaTypes.includes(target.mediaType);
}
