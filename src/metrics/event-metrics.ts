import { Counter, Gauge, type Registry } from "prom-client";
import type { JournalObserver } from "../events/event-journal.js";
import type { SenderObserver } from "../events/event-sender.js";
import { http } from "../foundation/node-http.js";

/** Events, by the names and labels of the distribution registry's notifications. */
export class EventMetrics implements JournalObserver, SenderObserver {
  readonly #events: Counter<"type" | "endpoint">;
  readonly #statuses: Counter<"code" | "endpoint">;
  readonly #pending: Gauge<"endpoint">;
  readonly #dropped: Counter<"endpoint">;

  constructor(registers: Registry[]) {
    this.#events = new Counter({
      name: "registry_notifications_events_total",
      help: "The number of total events",
      labelNames: ["type", "endpoint"],
      registers,
    });
    this.#statuses = new Counter({
      name: "registry_notifications_status_total",
      help: "The number of status code",
      labelNames: ["code", "endpoint"],
      registers,
    });
    this.#pending = new Gauge({
      name: "registry_notifications_pending_total",
      help: "The gauge of pending events in queue",
      labelNames: ["endpoint"],
      aggregator: "max",
      registers,
    });
    this.#dropped = new Counter({
      name: "berth_events_dropped_total",
      help: "Events dropped because too many waited for their receiver.",
      labelNames: ["endpoint"],
      registers,
    });
  }

  kept(endpoint: string): void {
    this.#events.inc({ type: "Events", endpoint });
  }

  sent(endpoint: string, status: number): void {
    this.#events.inc({ type: "Successes", endpoint });
    this.#statuses.inc({ code: codeOf(status), endpoint });
  }

  failed(endpoint: string, status: number | undefined): void {
    this.#events.inc({ type: status === undefined ? "Errors" : "Failures", endpoint });
    if (status !== undefined) this.#statuses.inc({ code: codeOf(status), endpoint });
  }

  dropped(endpoint: string, events: number): void {
    this.#dropped.inc({ endpoint }, events);
  }

  waiting(endpoint: string, events: number): void {
    this.#pending.set({ endpoint }, events);
  }
}

function codeOf(status: number): string {
  return `${status} ${http.STATUS_CODES[status] ?? ""}`;
}
