import { createLogger as createWinston, format, transports } from "winston";
import { LineBuffer } from "./line-buffer.js";
import { jsonLine, type LogRecord, textLine } from "./log-format.js";
import type { LogFields, Logger } from "./logger.js";

export interface LogSettings {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly format: "text" | "json";
}

/** A logger that can be made to write what it still holds, before the process ends. */
export interface FlushableLogger extends Logger {
  flush(): void;
}

const lineOf = { text: textLine, json: jsonLine } as const;

/** Key under which winston's transports look for the finished line. */
const finishedLine = Symbol.for("message");

export function createLogger(settings: LogSettings, target: NodeJS.WritableStream): FlushableLogger {
  const lines = new LineBuffer(target);
  const toLine = lineOf[settings.format];
  const winston = createWinston({
    level: settings.level,
    format: format((info) => {
      info[finishedLine] = toLine(recordOf(info.level, info.message, info.fields));
      return info;
    })(),
    transports: [new transports.Stream({ stream: lines, eol: "\n" })],
  });
  const write = (level: LogSettings["level"]) => (event: string, fields?: LogFields) => {
    winston.log({ level, message: event, fields });
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    flush: () => lines.flush(),
  };
}

function recordOf(level: string, event: unknown, fields: unknown): LogRecord {
  // What comes here was given to `write` above, so it is fields or nothing.
  return { time: new Date().toISOString(), level, event: String(event), fields: (fields ?? {}) as LogFields };
}
