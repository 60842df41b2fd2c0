// Builds the web page into dist/ui/browser: compiles its TypeScript, and copies what browsers read as it is.
// Nothing is bundled or minified: the server sends each module compressed, and browsers keep it for good.
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "src/ui/browser");
const target = join(root, "dist/ui/browser");

const compiled = spawnSync("npx", ["tsc", "-p", source], { cwd: root, stdio: "inherit" });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
for (const name of ["index.html", "icon.svg", "styles"]) {
  rmSync(join(target, name), { recursive: true, force: true });
  cpSync(join(source, name), join(target, name), { recursive: true });
}
