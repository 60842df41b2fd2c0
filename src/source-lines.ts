import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";

/** A place in a stack, as node writes it. */
const place = /file:\/\/[^\s()]+\.js:\d+:\d+/;

/** Bundlers write one map; ours divides it into sections (scripts/sectioned-map.mjs). */
type StoredMap = SourceMapPayload | { readonly sections: readonly Section[] };

interface Section {
  readonly offset: { readonly line: number };
  readonly map: SourceMapPayload;
}

/**
 * Lets stacks name the source files, since the program that users run is bundled. `node --enable-source-maps` would
 * read all maps at the start; here a section of a map is read when a stack first needs it. Node also asks for the stack
 * of each connection that breaks, so the answers are remembered: there are no more than places in the program.
 */
export function nameSourcesInStacks(): void {
  const maps = new Map<string, SectionedMap>();
  const known = new Map<string, string>();
  const sourceOf = (text: string): string => {
    const [, file = "", line, column] = /^(.+):(\d+):(\d+)$/.exec(text) ?? [];
    const map = maps.get(file) ?? new SectionedMap(fileURLToPath(file));
    maps.set(file, map);
    return map.find(Number(line), Number(column)) ?? text;
  };
  const knownSourceOf = (text: string): string => {
    const source = known.get(text) ?? sourceOf(text);
    known.set(text, source);
    return source;
  };
  Error.prepareStackTrace = (error, calls) =>
    [
      Error.prototype.toString.call(error),
      ...calls.map((call) => `    at ${String(call).replace(place, knownSourceOf)}`),
    ].join("\n");
}

/**
 * The map of a bundled file, of which sections are read one by one: to read all of the server's would take 70 ms, in
 * which nobody is served, and 15 MB.
 */
class SectionedMap {
  readonly #sections: readonly Section[];
  readonly #read = new Map<Section, SourceMap>();

  constructor(file: string) {
    if (!existsSync(`${file}.map`)) {
      this.#sections = [];
      return;
    }
    const stored: StoredMap = JSON.parse(readFileSync(`${file}.map`, "utf8"));
    this.#sections = "sections" in stored ? stored.sections : [{ offset: { line: 0 }, map: stored }];
  }

  /** @returns the source of a line and a column, which count from 1 */
  find(line: number, column: number): string | undefined {
    const section = this.#sections.findLast(({ offset }) => offset.line < line);
    if (section === undefined) return undefined;
    const map = this.#read.get(section) ?? new SourceMap(section.map);
    this.#read.set(section, map);
    const origin = map.findOrigin(line - section.offset.line, column);
    if (!("fileName" in origin)) return undefined;
    return `${origin.fileName.replace(/^(?:\.\.\/)+/, "")}:${origin.lineNumber}:${origin.columnNumber}`;
  }
}
