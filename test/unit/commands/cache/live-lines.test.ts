import assert from "node:assert/strict";
import test from "node:test";
import { LiveLines } from "../../../../src/commands/cache/warm/live-lines.js";

const escapeCode = "\x1b";

function cut(text: string, index: number): [string, string] {
  return [text.slice(0, index), text.slice(index)];
}

/** A terminal that knows what is on it: it understands the few things that are asked of it. */
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

test("lines are drawn in the place of those before, however many those were", () => {
  const screen = new Screen(24);
  const live = new LiveLines(screen);
  screen.write("$ berth\n");
  for (const lines of [["a", "b", "c"], ["d"], ["e", "f"]]) {
    live.draw(lines);
    assert.deepEqual(screen.lines, ["$ berth", ...lines]);
  }
});

test("what others write stays above", () => {
  const screen = new Screen(24);
  const live = new LiveLines(screen);
  live.draw(["bar", "count"]);
  live.clear();
  screen.write("a warning\n");
  live.draw(["bar", "count"]);
  live.clear();
  assert.deepEqual(screen.lines, ["a warning"]);
});

test("no more is drawn than the terminal has lines, since what has scrolled away cannot be drawn anew", () => {
  const screen = new Screen(4);
  new LiveLines(screen).draw(["1", "2", "3", "4", "5"]);
  assert.deepEqual(screen.lines, ["3", "4", "5"]);
});
