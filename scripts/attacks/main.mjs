// What attacks and faults do to good clients: npm run bench:attacks [-- PART OF A ROW'S NAME...]
// While each attack runs, good clients request /v2/, pull a warm manifest and push; their waits are compared with those
// without attack. The attackers are a separate process on the same machine, so their own cost counts too:
// the last line of a row shows how long good clients wait when another process only burns as much CPU.
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { attacks } from "./attacks.mjs";
import { faults } from "./faults.mjs";
import { HostileSide } from "./hostile-side.mjs";
import { measureAttack } from "./measure-attack.mjs";

const rows = [
  ...attacks.map((attack) => ({ name: attack.name, measure: (context) => measureAttack(attack, context) })),
  ...faults,
];

const wanted = process.argv.slice(2);
const chosen = rows.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
let failed = 0;
for (const row of chosen) failed += (await measure(row)) ? 0 : 1;
console.log(`${chosen.length - failed} of ${chosen.length} rows stay within the bounds`);
process.exit(failed === 0 ? 0 : 1);

async function measure({ name, measure }) {
  const folder = await mkdtemp(join(tmpdir(), "berth-attacks-"));
  const hostile = await HostileSide.start();
  console.log(`${name} (load average ${loadavg()[0].toFixed(1)})`);
  try {
    const findings = await measure({ folder, hostile });
    for (const { holds, line } of findings) console.log(`  ${holds ? "holds " : "BROKEN"} ${line}`);
    return findings.every(({ holds }) => holds);
  } catch (error) {
    console.log(`  FAILED ${error.message}`);
    return false;
  } finally {
    await hostile.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
