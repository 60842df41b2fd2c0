import { setTimeout as delay } from "node:timers/promises";

/** Polls, less and less often, until the result is not `undefined`; throws after the deadline. */
export async function waitUntil<Found>(
  what: string,
  ask: () => Promise<Found | undefined> | Found | undefined,
  deadlineMs = 30_000,
): Promise<Found> {
  const end = Date.now() + deadlineMs;
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 500)) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await delay(pause);
  }
}
