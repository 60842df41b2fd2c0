import { FilesystemDriver } from "../../../src/storage/drivers/filesystem/filesystem-driver.js";
import type { Answer, Order, Wish } from "./protocol.js";

const driver = await FilesystemDriver.open(process.argv[2] ?? "");
const held = new Map<string, () => void>();

process.on("message", async ({ order, wish }: Order) => {
  answer(await attempt(order, wish));
});
process.on("disconnect", () => process.exit());
answer({ order: 0 });

async function attempt(order: number, wish: Wish): Promise<Answer> {
  try {
    await fulfil(wish);
    return { order };
  } catch (error) {
    return { order, failure: String(error) };
  }
}

async function fulfil(wish: Wish): Promise<void> {
  switch (wish.do) {
    case "write":
      return driver.write({ key: wish.key, content: Buffer.from(wish.text) });
    case "remove":
      return driver.remove(wish.key);
    case "lock":
      return lock(wish.name);
    case "unlock":
      return held.get(wish.name)?.();
  }
}

/** Resolves when the lock is acquired; the action that holds it ends when it is unlocked. */
function lock(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const release = new Promise<void>((unlock) => held.set(name, unlock));
    driver
      .withLock(name, () => {
        resolve();
        return release;
      })
      .catch(reject);
  });
}

function answer(answer: Answer): void {
  process.send?.(answer);
}
