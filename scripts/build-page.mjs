// Builds the web page into dist/ui/browser: one script, one style sheet, and what browsers read as it is. A browser
// fetches over six connections at most: as 60 modules, the page took a third of a second even from the browser's cache.
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "src/ui/browser");
const target = join(root, "dist/ui/browser");

// What an earlier build left must not be sent.
rmSync(target, { recursive: true, force: true });
const checked = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", source], { cwd: root, stdio: "inherit" });
if (checked.status !== 0) process.exit(checked.status ?? 1);
const tsconfig = join(source, "tsconfig.json");
const output = { dir: target, format: "es", minify: true };
await build({ cwd: root, input: { main: join(source, "main.tsx") }, tsconfig, output });
// It runs before anything is painted, and modules do not.
await build({ cwd: root, input: { theme: join(source, "theme.ts") }, tsconfig, output: { ...output, format: "iife" } });
for (const name of ["index.html", "icon.svg"]) cpSync(join(source, name), join(target, name));
writeFileSync(join(target, "styles.css"), withImports(readFileSync(join(source, "styles.css"), "utf8")));

/** Each import is one more request, after the one for the file that names it. */
function withImports(css) {
  return css.replace(/^@import "(.+)";$/gm, (_, path) => readFileSync(join(source, path), "utf8"));
}
