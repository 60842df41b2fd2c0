import type { LogFields, Logger } from "../../src/observability/logger.js";

/** A logger that keeps its lines. */
export class RecordedLog implements Logger {
  readonly events: { readonly level: keyof Logger; readonly event: string; readonly fields: LogFields }[] = [];

  debug(event: string, fields: LogFields = {}): void {
    this.events.push({ level: "debug", event, fields });
  }

  info(event: string, fields: LogFields = {}): void {
    this.events.push({ level: "info", event, fields });
  }

  warn(event: string, fields: LogFields = {}): void {
    this.events.push({ level: "warn", event, fields });
  }

  error(event: string, fields: LogFields = {}): void {
    this.events.push({ level: "error", event, fields });
  }

  levelsOf(event: string): readonly (keyof Logger)[] {
    return this.events.filter((entry) => entry.event === event).map(({ level }) => level);
  }

  named(event: string): readonly LogFields[] {
    return this.events.filter((entry) => entry.event === event).map(({ fields }) => fields);
  }
}
