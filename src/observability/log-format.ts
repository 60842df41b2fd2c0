import type { LogFields } from "./logger.js";

/** Everything except printable ASCII is escaped, since it could start a line or control a terminal. */
const unprintable = /[^\x20-\x7e]/g;
const plainValue = /^[\w.,:;/@+*()%~-]+$/;

export interface LogRecord {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

/** `2026-11-24T08:45:20.123Z info blob pushed repository=app digest=sha256:... size=10240` */
export function textLine(record: LogRecord): string {
  let line = `${record.time} ${record.level.padEnd(5)} ${escaped(record.event)}`;
  for (const [key, value] of Object.entries(record.fields)) {
    if (value !== undefined) line += ` ${key}=${textValue(value)}`;
  }
  return line;
}

export function jsonLine(record: LogRecord): string {
  const { time, level, event, fields } = record;
  return escaped(JSON.stringify({ time, level, event, ...fields }, (_, value) => plain(value)));
}

function textValue(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string" && plainValue.test(value)) return value;
  return escaped(JSON.stringify(plain(value), (_, inner) => plain(inner)) ?? "undefined");
}

/** Replaces errors and other values that JSON would leave empty. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  return typeof value === "bigint" ? value.toString() : value;
}

function describeError(error: Error): LogFields {
  const { name, message, stack, cause } = error;
  const code = "code" in error ? error.code : undefined;
  return {
    name,
    message,
    code,
    stack: stack
      ?.split("\n")
      .slice(1, 6)
      .map((line) => line.trim()),
    cause,
  };
}

function escaped(text: string): string {
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
