import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";

/** A place in a stack, as node writes it. */
const place = /file:\/\/[^\s()]+\.js:\d+:\d+/;

/**
 * Lets stacks name the source files, since the program that users run is bundled. `node --enable-source-maps` would
 * read all maps at the start; here a map is read when a stack of its file is first needed.
 */
export function nameSourcesInStacks(): void {
  const maps = new Map<string, SourceMap | undefined>();
  const sourceOf = (text: string): string => {
    const [, file = "", line, column] = /^(.+):(\d+):(\d+)$/.exec(text) ?? [];
    if (!maps.has(file)) maps.set(file, mapOf(fileURLToPath(file)));
    const origin = maps.get(file)?.findOrigin(Number(line), Number(column));
    if (origin === undefined || !("fileName" in origin)) return text;
    return `${origin.fileName.replace(/^(?:\.\.\/)+/, "")}:${origin.lineNumber}:${origin.columnNumber}`;
  };
  Error.prepareStackTrace = (error, calls) =>
    [
      Error.prototype.toString.call(error),
      ...calls.map((call) => `    at ${String(call).replace(place, sourceOf)}`),
    ].join("\n");
}

function mapOf(file: string): SourceMap | undefined {
  return existsSync(`${file}.map`) ? new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8"))) : undefined;
}
