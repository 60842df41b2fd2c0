// Writes docs/odd-upstreams.md: what Berth and its peers make of upstreams that answer in unusual ways.
// Wants what scripts/install-tools.sh installs, and compiled tests: `npm run compare:upstreams` does it all.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = spawnSync(process.execPath, ["scripts/run-tests.mjs", "e2e", "odd-upstreams-peers"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, UPSTREAMS_PAGE: "docs/odd-upstreams.md" },
});
process.exitCode = run.status ?? 1;
