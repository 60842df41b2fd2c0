import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { AttackedBerth } from "./attacked-berth.mjs";
import { judgeLeftOpen, judgeMemory, judgeWaits } from "./bounds.mjs";
import { makeCertificate } from "./certificate.mjs";
import { hungBlob, hungDigest } from "./fault-loads.mjs";
import { GoodClients } from "./good-clients.mjs";
import { measuredMs } from "./measure-attack.mjs";
import { pushBlob } from "./requests.mjs";

const run = promisify(execFile);

const graceMs = 3_000;
/** What a process may need in addition to the grace period, to end its threads too. */
const spareMs = 2_000;

/** What fails on the machine, or is done to the process. Separate disks need root. */
export const faults = [
  { name: "a disk that is frozen, with 50 pushes at once", measure: measureFrozenDisk },
  { name: "a disk that is full of what an upstream sent", measure: measureFullDisk },
  { name: "the end of the process while connections hang", measure: (context) => measureStop({}, context) },
  { name: "the end of the process while connections hang, with TLS", measure: measureStopWithTls },
];

/** Others are served from memory; the pushes continue when the disk does. */
async function measureFrozenDisk({ folder, hostile }) {
  const disk = join(folder, "disk");
  await mkdir(disk);
  await run("truncate", ["-s", "256M", `${disk}.img`]);
  await run("mkfs.ext4", ["-q", "-F", `${disk}.img`]);
  await run("mount", ["-o", "loop", `${disk}.img`, disk]);
  try {
    return await onBerth({ folder, hostile, root: join(disk, "data") }, async (berth, good) => {
      const reads = ["/v2/", "warm manifest"];
      const before = await good.run(measuredMs, reads);
      const filesBefore = berth.openFiles();
      await run("fsfreeze", ["-f", disk]);
      let during;
      try {
        hostile.begin("pushes to a frozen disk", { port: berth.port });
        during = await good.run(measuredMs, reads);
      } finally {
        await run("fsfreeze", ["-u", disk]);
      }
      await hostile.end();
      const after = await good.run(measuredMs, ["push"]);
      const { count, failures } = after.push;
      return [
        ...judgeWaits(during, before),
        { holds: failures === 0, line: `push           after the thaw ${count} requests, ${failures} failed` },
        judgeMemory(berth),
        await judgeLeftOpen(berth, filesBefore),
      ];
    });
  } finally {
    await run("umount", ["--lazy", disk]);
  }
}

/** Cached content makes room for what is pushed, and for what is pulled now. */
async function measureFullDisk({ folder, hostile }) {
  const disk = join(folder, "disk");
  await mkdir(disk);
  await run("mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", disk]);
  try {
    return await onBerth({ folder, hostile, root: join(disk, "data") }, async (berth, good) => {
      const before = await good.run(measuredMs);
      const filesBefore = berth.openFiles();
      hostile.begin("ever new layers of an upstream", { port: berth.port });
      await untilFull(disk);
      const during = await good.run(measuredMs);
      await hostile.end();
      return [...judgeWaits(during, before), judgeMemory(berth), await judgeLeftOpen(berth, filesBefore)];
    });
  } finally {
    await run("umount", ["--lazy", disk]);
  }
}

async function untilFull(disk) {
  for (let attempt = 0; attempt < 300; attempt++) {
    const { stdout } = await run("df", ["--output=avail", "-m", disk]);
    if (Number(stdout.split("\n")[1]) < 6) return;
    await delay(100);
  }
  throw new Error("the disk did not fill up");
}

async function onBerth({ folder, hostile, root }, action) {
  const berth = await AttackedBerth.start({ folder, upstreamUrl: hostile.upstreamUrl, root });
  try {
    const good = await GoodClients.prepare(berth.port);
    await good.run(2000);
    return await action(berth, good);
  } finally {
    await berth.stop();
  }
}

async function measureStopWithTls(context) {
  return measureStop({ tls: await makeCertificate(context.folder) }, context);
}

/** Once with one signal, followed by the grace period, and once with a second one, which ends it at once. */
async function measureStop(server, { folder, hostile }) {
  const findings = [];
  for (const { what, again, within } of [
    { what: "one signal", again: false, within: graceMs + spareMs },
    { what: "two signals", again: true, within: spareMs + 1_000 },
  ]) {
    const settings = { ...server, shutdownGrace: `${again ? 600 : graceMs / 1000}s` };
    const berth = await AttackedBerth.start({ folder, upstreamUrl: hostile.upstreamUrl, server: settings });
    if (server.tls === undefined) await pushBlob(berth.port, "own/blob", hungBlob);
    hostile.begin("connections that hang", { port: berth.port, prepared: hungDigest });
    await delay(1500);
    const signalled = performance.now();
    berth.signal("SIGTERM");
    if (again) {
      await delay(1_000);
      berth.signal("SIGTERM");
    }
    const holds = await berth.endsWithin(within + 10_000);
    const took = performance.now() - signalled;
    findings.push({
      holds: holds && took <= within,
      line: `${what.padEnd(14)} ended after ${Math.round(took)} ms, within ${within} ms`,
    });
    await hostile.end();
    await berth.stop();
  }
  return findings;
}
