import { resolve } from "node:path";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLParseError,
  type YAMLWarning,
} from "yaml";
import { readSmallFile } from "../foundation/small-file.js";
import type { ConfigPath } from "./definition.js";
import { messageOf } from "./problem.js";
import type { ConfigSource } from "./source.js";

/**
 * How values are read: `typed` as numbers, booleans and text; `letters` all as text exactly as written, so that `012`
 * keeps its zero where text is meant.
 */
export type Reading = "typed" | "letters";

/** Ten thousand upstreams take less, and parsing more would take minutes. */
const mostBytes = 4 * 1024 * 1024;

/** Reads a settings file. If it cannot be read or is not YAML, the source contains only problems. */
export async function readYamlFile(file: string, directory: string): Promise<ConfigSource> {
  try {
    const bytes = await readSmallFile(resolve(directory, file), { mostBytes });
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { ...parseYamlSource(text, file), text };
  } catch (error) {
    const reason = error instanceof TypeError ? "is not text in UTF-8" : `cannot be read: ${messageOf(error)}`;
    return sourceOfProblem(file, reason);
  }
}

/** The settings of a YAML text; `file` is its name in messages. */
export function parseYamlSource(text: string, file: string, reading: Reading = "typed"): ConfigSource {
  const lines = new LineCounter();
  const schema = reading === "typed" ? "core" : "failsafe";
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema, merge: true });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  // A warning means that the value is not what was meant, such as an unknown !tag.
  const mistakes = [...document.errors, ...document.warnings];
  if (mistakes.length > 0) {
    const problems = mistakes.map((mistake) => ({
      where: place(mistake.pos[0]),
      path: [],
      message: meaningOf(mistake),
    }));
    return { tree: undefined, problems, locate: () => file };
  }
  try {
    const tree: unknown = document.toJS();
    // An editor or a full disk can leave an empty file. The defaults must not apply then, not even beside variables:
    // with them, everyone may delete.
    if (tree === null) return sourceOfProblem(file, saysNothing);
    return { tree, problems: [], locate: (path) => place(offsetOf(document, path)) };
  } catch (error) {
    return sourceOfProblem(file, messageOf(error));
  }
}

const saysNothing = "is empty; to use all defaults, write {} into it, or name no file";

function meaningOf({ code, message }: YAMLParseError | YAMLWarning): string {
  if (code !== "MULTIPLE_DOCS") return message;
  return "a second document begins here, but only one is read: remove this line and everything below it";
}

/** The position of a key or list item, or of the nearest one above it that is written. */
function offsetOf(document: Document.Parsed, path: ConfigPath): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const key of path) {
    const step = stepInto(isAlias(node) ? node.resolve(document) : node, key);
    if (step === undefined) break;
    offset = (isNode(step.begin) ? step.begin.range?.[0] : undefined) ?? offset;
    node = step.value;
  }
  return offset;
}

/** The value at a key, and where it begins. */
function stepInto(node: unknown, key: string | number): { begin: unknown; value: unknown } | undefined {
  if (isSeq(node) && typeof key === "number") return { begin: node.items[key], value: node.items[key] };
  const pair = isMap(node)
    ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
    : undefined;
  return pair && { begin: pair.key, value: pair.value };
}

function sourceOfProblem(where: string, message: string): ConfigSource {
  return { tree: undefined, problems: [{ where, path: [], message }], locate: () => where };
}
