import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import test from "node:test";
import { projectRoot } from "../support/project.js";

const pagesIn = ["", "config", "config/clients", "docs", "scripts/bench", "src"];

test("every link of a page leads to a file that exists, and to a heading in it", async () => {
  const broken: string[] = [];
  for (const page of await allPages()) {
    for (const [, target = ""] of (await prose(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!target.startsWith("https://") && !(await leadsSomewhere(page, target)))
        broken.push(`${relative(projectRoot, page)}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

async function allPages(): Promise<string[]> {
  const folders = await Promise.all(
    pagesIn.map(async (folder) => {
      const names = await readdir(join(projectRoot, folder));
      return names.filter((name) => name.endsWith(".md")).map((name) => join(projectRoot, folder, name));
    }),
  );
  return folders.flat();
}

async function leadsSomewhere(page: string, target: string): Promise<boolean> {
  const [path = "", heading] = target.split("#");
  const file = path === "" ? page : resolve(dirname(page), path);
  if (!existsSync(file)) return false;
  return heading === undefined || (await headings(file)).includes(heading);
}

/** As GitHub writes them in URLs. */
async function headings(page: string): Promise<string[]> {
  return [...(await prose(page)).matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** A page without its code blocks, in which `#` begins a comment. */
async function prose(page: string): Promise<string> {
  return (await readFile(page, "utf8")).replaceAll(/^```[\s\S]*?^```/gm, "");
}
