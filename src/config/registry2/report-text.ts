import type { Note, Verdict } from "./translation.js";

const headings: Readonly<Record<Verdict, string>> = {
  honoured: "Taken over from registry:2:",
  "not needed": "Not needed here:",
  "not honoured": "Not taken over:",
  unknown: "Unknown to registry:2 too:",
};

/** What became of each setting of registry:2, as text for people. */
export function reportLines(notes: readonly Note[]): readonly string[] {
  return Object.entries(headings).flatMap(([verdict, heading]) => {
    const these = notes.filter((note) => note.verdict === verdict);
    return these.length === 0 ? [] : [heading, ...these.map(noteLine)];
  });
}

function noteLine({ where, setting, verdict, meaning }: Note): string {
  const said = setting === where ? where : `${setting} (${where})`;
  return `  ${said}${verdict === "honoured" ? " is " : ": "}${meaning}`;
}
