import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs `loop` as often at once as told, and prints how many rounds ended: per second of each run, and in all, with the
 * warm-up.
 * @param {{ warmup: number, seconds: number, runs: number, loops: number }} job
 * @param {(round: () => number | undefined) => Promise<void>} loop requests the number of its next round after each
 *   round, until there is none
 */
export async function printRates({ warmup, seconds, runs, loops }, loop) {
  let started = 0;
  let isOver = false;
  const next = () => (isOver ? undefined : started++);
  const all = Promise.all(Array.from({ length: loops }, () => loop(next)));
  const rates = [];
  await Promise.race([all, sleep(warmup * 1000)]);
  for (let run = 0; run < runs; run++) {
    const before = { started, time: performance.now() };
    await Promise.race([all, sleep(seconds * 1000)]);
    rates.push((started - before.started) / ((performance.now() - before.time) / 1000));
  }
  isOver = true;
  await all;
  console.log(JSON.stringify({ rates, rounds: started }));
}
