// A separate process for everything hostile, so that its cost delays no good client: the upstream, and one attack at a
// time. Its parent controls it by messages, and ends it.
import { setMaxListeners } from "node:events";
import { attacks } from "./attacks.mjs";
import { burnCpu, measureCpu } from "./burned-cpu.mjs";
import { faultLoads } from "./fault-loads.mjs";
import { HostileUpstream } from "./hostile-upstream.mjs";

let attack = new AbortController();

process.on("message", ({ begin, burn, end, port, prepared }) => {
  if (begin !== undefined) void run(begin, { port, prepared });
  if (burn !== undefined) {
    attack = new AbortController();
    void burnCpu(burn, attack.signal).then(() => process.send({}));
  }
  if (end) attack.abort();
});
process.on("disconnect", () => process.exit());

const upstream = await HostileUpstream.start();
process.send({ url: upstream.url });

async function run(wanted, context) {
  attack = new AbortController();
  // Each connection of an attacker ends with this signal.
  setMaxListeners(0, attack.signal);
  const { run } = [...attacks, ...faultLoads].find(({ name }) => name === wanted);
  const cpu = measureCpu();
  await run({ ...context, signal: attack.signal }).catch(() => {});
  process.send({ cpu: cpu() });
}
