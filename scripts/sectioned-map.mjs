import { decode, encode } from "@jridgewell/sourcemap-codec";

/** A section takes about a millisecond to read. */
const linesEach = 500;

/**
 * Divides a source map into sections (https://tc39.es/ecma426/#sec-index-source-map): a program that needs one line of
 * a large map need not read all of it. Names are left out, since stacks have them.
 */
export function sectionedMap({ version, file, sources, mappings }) {
  const lines = decode(mappings);
  const sections = [];
  for (let line = 0; line < lines.length; line += linesEach) {
    const map = mapOfLines(lines.slice(line, line + linesEach), sources);
    sections.push({ offset: { line, column: 0 }, map: { version, ...map } });
  }
  return { version, file, sections };
}

/** With only the sources that these lines come from. */
function mapOfLines(lines, sources) {
  const used = new Map();
  const numberOf = (source) => {
    if (!used.has(source)) used.set(source, used.size);
    return used.get(source);
  };
  const renumbered = lines.map((segments) =>
    segments.map(([generatedColumn, source, line, column]) =>
      source === undefined ? [generatedColumn] : [generatedColumn, numberOf(source), line, column],
    ),
  );
  return { sources: [...used.keys()].map((source) => sources[source]), names: [], mappings: encode(renumbered) };
}
