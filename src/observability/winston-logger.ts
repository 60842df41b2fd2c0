import { createRequire } from "node:module";
import type { Logger as Winston } from "winston";
import { LineBuffer } from "./line-buffer.js";
import { jsonLine, textLine } from "./log-format.js";
import type { LogFields, Logger } from "./logger.js";

/** From most to least important: each level includes those before it. */
const levels = ["error", "warn", "info", "debug"] as const;

type Level = (typeof levels)[number];

export interface LogSettings {
  readonly level: Level;
  readonly format: "text" | "json";
}

/** A logger that can write what it still holds, before the process ends. */
export interface FlushableLogger extends Logger {
  flush(): void;
  /** Uses other settings from now on. */
  reconfigure(settings: LogSettings): void;
}

/** A process that works for more than this part of the time is busy. */
const busyShare = 0.3;

const noFields: LogFields = {};

const lineOf = { text: textLine, json: jsonLine } as const;

/** The key under which winston's transports expect the finished text. */
const finishedText = Symbol.for("message");

/**
 * Writes through winston, with a block of lines as one message: passing each line through winston's streams would cost
 * as much as the rest of a small response, and a finished line needs nothing from them.
 *
 * @param always fields that every line ends with
 */
export function createLogger(
  settings: LogSettings,
  target: NodeJS.WritableStream,
  always: LogFields = noFields,
): FlushableLogger {
  let held = settings;
  let winston: Winston | undefined;
  const isBusy = busyNow();
  const buffer = new LineBuffer<Level>(
    (level, message) => {
      winston ??= createWinston(target);
      winston.log({ level, message });
    },
    // Clients that come right after a start are answered first: nobody is while winston is being loaded.
    () => winston === undefined && isBusy(),
  );
  const write = (level: Level) => {
    return (event: string, said: LogFields = noFields) => {
      if (levels.indexOf(level) > levels.indexOf(held.level)) return;
      const fields = always === noFields ? said : { ...said, ...always };
      buffer.add(level, lineOf[held.format]({ time: new Date().toISOString(), level, event, fields }));
    };
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    flush: () => buffer.flush(),
    reconfigure: (next) => {
      held = next;
    },
  };
}

/** @returns a function that tells whether the process was busy since the last call */
function busyNow(): () => boolean {
  let before = performance.eventLoopUtilization();
  return () => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    return utilization > busyShare;
  };
}

/** With the first block of lines: winston takes longer to load than anything else that a start needs. */
function createWinston(target: NodeJS.WritableStream): Winston {
  const { createLogger, format, transports }: typeof import("winston") = createRequire(import.meta.url)("winston");
  return createLogger({
    level: "debug",
    format: format((info) => Object.assign(info, { [finishedText]: info.message }))(),
    transports: [new transports.Stream({ stream: target, eol: "\n" })],
  });
}
