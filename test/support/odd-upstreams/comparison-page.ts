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

How caches handle upstreams with unusual responses. In each row, two images with a common layer are pulled as containerd and
docker do it (HEAD of the tag, GET by digest and by tag, GET and HEAD of each blob), the first of them twice. "yes" means that
every byte and every response was right; otherwise the first error is shown.

Working rows, of ${rows.length}: ${counts.join(", ")}.

Not in the tables, because a Node server cannot send them: a \`Content-Length\` that occurs twice, and a space in a header
name. All three accept both.

\`npm run compare:upstreams\` writes this page. The rows are in
[test/support/odd-upstreams](../test/support/odd-upstreams), and a test fails if another cache works and Berth does not.`;
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
