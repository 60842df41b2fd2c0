import { strict as assert } from "node:assert";
import { test } from "node:test";
import { repositoriesAfter } from "../../../../src/storage/content/repository-walk.js";
import { MemoryDriver } from "../../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../../src/storage/layout.js";
import { countCalls } from "../../../support/counted-driver.js";
import { seededRandom, wholeNumber } from "../../../support/seeded-random.js";

async function driverWith(names: readonly string[]): Promise<MemoryDriver> {
  const driver = new MemoryDriver();
  for (const name of names)
    await driver.write({ key: `${layout.repositories}/${name}/_manifests/x`, content: Buffer.from("x") });
  return driver;
}

async function namesAfter(driver: MemoryDriver, last?: string, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of repositoriesAfter(driver, last)) {
    names.push(name);
    if (names.length === most) break;
  }
  return names;
}

test("names that are prefixes of one another are in code point order, from any starting name", async () => {
  const names = [
    "a",
    "a-b",
    "a-b-c",
    "a-b/c",
    "a.b",
    "a.b/a",
    "a/b",
    "a/b-c",
    "a/b.c/d",
    "a/b/c",
    "a0",
    "a0/b",
    "a__b/c",
    "b/c/d",
    "b-c",
  ];
  const driver = await driverWith(names);
  const sorted = names.toSorted();
  assert.deepEqual(await namesAfter(driver), sorted);
  const texts = [
    ...names,
    "",
    "a-",
    "a/",
    "a/a",
    "a/b/",
    "a/b/c/d",
    "a/b0",
    "a1",
    "b",
    "b/c",
    "b/c/e",
    "zz",
    "~",
    "A",
    "a-b-",
  ];
  for (const last of texts) {
    const after = sorted.filter((name) => name > last);
    assert.deepEqual(await namesAfter(driver, last), after, `after "${last}"`);
  }
});

test("any tree is walked in the order of its names, with any page size", async () => {
  const random = seededRandom(7);
  const parts = ["a", "b", "a-a", "a.a", "a_a", "a0", "a--b", "0"];
  for (let round = 0; round < 30; round++) {
    const names = Array.from({ length: 25 }, () => {
      const length = wholeNumber(random, 1, 5);
      return Array.from({ length }, () => parts[wholeNumber(random, 0, parts.length)]).join("/");
    });
    const sorted = [...new Set(names)].sort();
    const driver = await driverWith(names);
    for (const size of [1, 3, 100]) {
      const seen: string[] = [];
      for (let page = await namesAfter(driver, undefined, size); page.length > 0; ) {
        seen.push(...page);
        page = await namesAfter(driver, seen.at(-1), size);
      }
      assert.deepEqual(seen, sorted);
    }
  }
});

test("a page costs only what it shows, however many repositories there are, at the start, in the middle and after the end", async () => {
  const costs: number[][] = [];
  for (const teams of [10, 100]) {
    const names = Array.from(
      { length: teams * 20 },
      (_, index) => `team${Math.floor(index / 20) + 1000}/app${(index % 20) + 10}`,
    );
    const counted = countCalls(await driverWith(names));
    const cost: number[] = [];
    for (const last of [undefined, `team${1000 + teams / 2}/app15`, `team${999 + teams}/app28`, "zzz"]) {
      counted.look();
      let taken = 0;
      for await (const _ of repositoriesAfter(counted.driver, last)) if (++taken === 10) break;
      cost.push(counted.look().total);
    }
    costs.push(cost);
  }
  assert.deepEqual(costs[0], costs[1]);
  assert.ok(Math.max(...(costs[0] ?? [])) < 20, String(costs[0]));
});
