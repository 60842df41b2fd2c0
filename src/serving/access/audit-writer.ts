import { type AuditEvent, type AuditTrail, isAttempt } from "../../auth/audit/audit-trail.js";
import type { AccessConfig } from "../../config/access-schema.js";
import { ConfigError, messageOf } from "../../config/problem.js";
import type { Logger } from "../../observability/logger.js";
import { RegistryError } from "../../oci/errors.js";
import { type AuditLines, appendingTo, printing } from "./audit-lines.js";

type AuditSettings = NonNullable<AccessConfig["audit"]>;

/** Failed logins are only queued up to this number of lines; the log has a copy. */
const mostWaiting = 1_000;

/**
 * The audit trail of the configuration, if any.
 * @throws ConfigError if its file cannot be opened
 */
export async function openAuditTrail(
  settings: AuditSettings | undefined,
  log: Logger,
): Promise<AuditTrail | undefined> {
  if (settings === undefined) return undefined;
  const { file, whenFull } = settings;
  const append = file === "stdout" ? printing() : appendingTo(file);
  if (file !== "stdout") await append("").catch((error: unknown) => failToOpen(file, error));
  return whenFull === "refuse" ? new StrictTrail(append, log) : new PatientTrail(append, log);
}

function failToOpen(file: string, error: unknown): never {
  const message = `cannot be written: ${messageOf(error)}`;
  throw new ConfigError([{ where: file, path: ["access", "audit", "file"], message }]);
}

/** If a line cannot be written, it goes to the log, and the request succeeds. */
class PatientTrail implements AuditTrail {
  readonly #append: AuditLines;
  readonly #log: Logger;

  constructor(append: AuditLines, log: Logger) {
    this.#append = append;
    this.#log = log;
  }

  async ready(): Promise<void> {}

  async write(events: readonly AuditEvent[]): Promise<void> {
    await this.#append(events.map(lineOf).join("")).catch((cause: unknown) => noteLoss(this.#log, events, cause));
  }
}

/**
 * If a line cannot be written, the request fails. Its change is made already, so the line waits, and until it is
 * written no further change is allowed: a full disk cannot hide one.
 */
class StrictTrail implements AuditTrail {
  readonly #append: AuditLines;
  readonly #log: Logger;
  #waiting: readonly string[] = [];
  /** One write at a time: lines that arrive meanwhile are written together. */
  #writing: Promise<void> = Promise.resolve();

  constructor(append: AuditLines, log: Logger) {
    this.#append = append;
    this.#log = log;
  }

  async ready(): Promise<void> {
    if (this.#waiting.length === 0) return;
    await this.#flush().catch((cause: unknown) => {
      throw unwritable(cause);
    });
  }

  async write(events: readonly AuditEvent[]): Promise<void> {
    if (!events.every(isAttempt) || this.#waiting.length < mostWaiting) {
      this.#waiting = [...this.#waiting, events.map(lineOf).join("")];
    }
    await this.#flush().catch((cause: unknown) => {
      noteLoss(this.#log, events, cause);
      throw unwritable(cause);
    });
  }

  #flush(): Promise<void> {
    const flushed = this.#writing.then(() => this.#writeWaiting());
    this.#writing = flushed.catch(() => {});
    return flushed;
  }

  async #writeWaiting(): Promise<void> {
    const lines = this.#waiting;
    if (lines.length === 0) return;
    await this.#append(lines.join(""));
    this.#waiting = this.#waiting.slice(lines.length);
  }
}

function noteLoss(log: Logger, events: readonly AuditEvent[], cause: unknown): void {
  for (const event of events) log.error("a line of the audit trail could not be written", { line: event, cause });
}

function unwritable(cause: unknown): RegistryError {
  const message = "the audit trail cannot be written, so no change is allowed";
  return new RegistryError("UNAVAILABLE", message, { cause, headers: { "Retry-After": "30" } });
}

/**
 * `type` distinguishes the line from log lines. In ASCII: nothing that a client sends can start a line or control a
 * terminal.
 */
function lineOf(event: AuditEvent): string {
  const line = JSON.stringify({ time: new Date().toISOString(), type: "audit", ...event, user: event.user ?? null });
  return `${line.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}
