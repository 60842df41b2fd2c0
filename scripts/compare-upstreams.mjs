// Writes docs/odd-upstreams.md: how Berth and its peers handle upstreams with unusual responses.
// Needs what scripts/install-tools.sh installs, and compiled tests: `npm run compare:upstreams` does everything.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = spawnSync(process.execPath, ["scripts/run-tests.mjs", "e2e", "odd-upstreams-peers"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, UPSTREAMS_PAGE: "docs/odd-upstreams.md" },
});
process.exitCode = run.status ?? 1;
