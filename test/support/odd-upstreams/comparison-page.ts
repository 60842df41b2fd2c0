import type { Row } from "./comparison.js";

/** The comparison in Markdown: a table for each kind of oddity. */
export function comparisonPage(rows: readonly Row[]): string {
  const groups = [...new Set(rows.map(({ group }) => group))];
  const tables = groups.map((group) =>
    tableOf(
      group,
      rows.filter((row) => row.group === group),
    ),
  );
  return `${[head(rows), ...tables].join("\n\n")}\n`;
}

function head(rows: readonly Row[]): string {
  const caches = Object.keys(rows[0]?.wrong ?? {});
  const counts = caches.map((cache) => `${cache} ${rows.filter(({ wrong }) => wrong[cache] === undefined).length}`);
  return `# Odd upstreams

What becomes of a pull through a cache when the upstream answers in an unusual way. Each row is two images with a common
layer, pulled as containerd and docker do it (HEAD of the tag, GET by digest and by tag, GET and HEAD of each blob), the
first of them twice. "yes": every byte came, and every answer was right; otherwise the first thing that was wrong.

Of ${rows.length} rows work: ${counts.join(", ")}.

Not in the tables, since a server of Node cannot send them: a \`Content-Length\` that is there twice and a space in a header's
name. All three take both.

\`npm run compare:upstreams\` writes this page. The rows are in
[test/support/odd-upstreams](../test/support/odd-upstreams), and a test fails where another cache works and Berth does not.`;
}

function tableOf(group: string, rows: readonly Row[]): string {
  const caches = Object.keys(rows[0]?.wrong ?? {});
  const lines = rows.map(({ title, wrong }) => [title, ...caches.map((cache) => cell(wrong[cache]))]);
  const table = [["the upstream", ...caches], ["", ...caches].map(() => "---"), ...lines];
  return `## ${group}\n\n${table.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}`;
}

function cell(wrong: string | undefined): string {
  return wrong === undefined ? "yes" : wrong.replaceAll("|", "\\|");
}
