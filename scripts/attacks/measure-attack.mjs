import { setTimeout as delay } from "node:timers/promises";
import { AttackedBerth } from "./attacked-berth.mjs";
import { judgeLeftOpen, judgeMemory, judgeWaits } from "./bounds.mjs";
import { makeCertificate } from "./certificate.mjs";
import { GoodClients } from "./good-clients.mjs";

/** How long good clients are measured, with and without attack. */
export const measuredMs = Number(process.env.ATTACK_SECONDS ?? 8) * 1000;

/** @returns the findings, each with whether it holds */
export async function measureAttack({ name, prepare, speaksTls = false }, { folder, hostile }) {
  const server = speaksTls ? { tls: await makeCertificate(folder) } : {};
  const berth = await AttackedBerth.start({ folder, upstreamUrl: hostile.upstreamUrl, server });
  try {
    const good = await GoodClients.prepare(berth.port, speaksTls);
    const prepared = await prepare?.({ port: berth.port });
    await good.run(2000);
    const before = await good.run(measuredMs);
    const filesBefore = berth.openFiles();
    hostile.begin(name, { port: berth.port, prepared });
    await delay(500);
    const during = await good.run(measuredMs);
    const cpu = await hostile.end();
    const findings = [...judgeWaits(during, before), judgeMemory(berth), await judgeLeftOpen(berth, filesBefore)];
    if (cpu !== undefined) findings.push(await measureControl(cpu, { good, hostile }));
    return findings;
  } finally {
    await berth.stop();
  }
}

/**
 * Good clients without attack, while another process burns as much CPU as the attacker did: on a machine with few cores
 * that alone makes them wait longer. It is printed for comparison, and loosens no bound.
 */
async function measureControl(cpu, { good, hostile }) {
  hostile.burn(cpu);
  const control = await good.run(measuredMs);
  await hostile.end();
  const waits = Object.entries(control).map(([what, { p99 }]) => `${what} ${p99.toFixed(1)} ms`);
  return {
    holds: true,
    line: `only its CPU   ${Math.round(cpu * 100)} % of a core burned without attack: ${waits.join(", ")}`,
  };
}
