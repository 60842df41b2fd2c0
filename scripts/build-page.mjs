// Builds the web page into dist/ui/browser: compiles its TypeScript, and copies what browsers read as it is.
// Nothing is bundled or minified: the server sends each module compressed, and browsers keep it for good.
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "src/ui/browser");
const target = join(root, "dist/ui/browser");

// What an earlier build left must not be sent.
rmSync(target, { recursive: true, force: true });
const compiled = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", source], { cwd: root, stdio: "inherit" });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
for (const name of ["index.html", "icon.svg"]) cpSync(join(source, name), join(target, name));
writeFileSync(join(target, "styles.css"), withImports(readFileSync(join(source, "styles.css"), "utf8")));

/** Each import is one more request, after the one for the file that names it. */
function withImports(css) {
  return css.replace(/^@import "(.+)";$/gm, (_, path) => readFileSync(join(source, path), "utf8"));
}
