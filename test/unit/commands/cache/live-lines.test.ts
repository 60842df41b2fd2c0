import assert from "node:assert/strict";
import test from "node:test";
import { LiveLines } from "../../../../src/commands/cache/warm/live-lines.js";

const escapeCode = "\x1b";

function cut(text: string, index: number): [string, string] {
  return [text.slice(0, index), text.slice(index)];
}

/** A terminal that understands the few escape codes that are used here, and knows what it shows. */
class Screen {
  readonly columns = 80;
  readonly rows: number;
  lines: string[] = [];

  constructor(rows: number) {
    this.rows = rows;
  }

  write(text: string): void {
    const [erasing = "", rest = text] = text.startsWith(escapeCode) ? cut(text, text.indexOf("J") + 1) : [];
    this.lines.length -= Number.parseInt(erasing.slice(2), 10) || 0;
    this.lines.push(...rest.split("\n").slice(0, -1));
  }
}

test("lines are drawn in place of the previous ones, however many there were", () => {
  const screen = new Screen(24);
  const live = new LiveLines(screen);
  screen.write("$ berth\n");
  for (const lines of [["a", "b", "c"], ["d"], ["e", "f"]]) {
    live.draw(lines);
    assert.deepEqual(screen.lines, ["$ berth", ...lines]);
  }
});

test("other output stays above the lines", () => {
  const screen = new Screen(24);
  const live = new LiveLines(screen);
  live.draw(["bar", "count"]);
  live.clear();
  screen.write("a warning\n");
  live.draw(["bar", "count"]);
  live.clear();
  assert.deepEqual(screen.lines, ["a warning"]);
});

test("no more is drawn than the terminal has lines, since scrolled lines cannot be redrawn", () => {
  const screen = new Screen(4);
  new LiveLines(screen).draw(["1", "2", "3", "4", "5"]);
  assert.deepEqual(screen.lines, ["3", "4", "5"]);
});
