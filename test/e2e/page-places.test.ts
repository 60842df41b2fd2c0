import { strict as assert } from "node:assert";
import { test } from "node:test";
import { mediaTypes } from "../../src/oci/media-types.js";
import { MemoryDriver } from "../../src/storage/drivers/memory/memory-driver.js";
import { Storage } from "../../src/storage/storage.js";
import { pushImage } from "../support/api-image.js";
import { Browser } from "../support/browser.js";
import { manifestOf, pushManifest } from "../support/content.js";
import { basic, runGuardedBerth } from "../support/guarded-berth.js";
import { PausableDriver } from "../support/pausable-driver.js";
import { RecordedLog } from "../support/recorded-log.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { descriptorOf, pushSmallImage } from "../support/small-image.js";

test("below a path, as nginx passes it on with server.prefix: sign in, go from link to link, sign out", async (t) => {
  const scope = new Scope(t);
  const rules = [{ allow: "pull, push, delete, admin", to: "ann" }];
  const { client, port } = await runGuardedBerth(scope, { rules }, { server: { prefix: "/registry" } });
  await pushSmallImage(client.with(basic("ann")), "team/app", "layer", { tag: "1.0" });
  const base = `http://127.0.0.1:${port}/registry`;
  const browser = await Browser.start(scope);
  const page = await browser.page(`${base}/`);
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));
  await page.getByLabel("User name").fill("ann");
  await page.getByLabel("Password").fill("ann");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Repositories", exact: true }).first().waitFor();
  assert.equal(page.url(), `${base}/ui/`);
  await page.getByRole("link", { name: "Repositories", exact: true }).first().click();
  await page.getByRole("link", { name: "team", exact: true }).click();
  await page.getByRole("link", { name: "app", exact: true }).click();
  await page.getByRole("link", { name: "1.0", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "1.0" }).waitFor();
  assert.equal(page.url(), `${base}/ui/repositories/team/app:1.0`);
  // A link that was kept leads there, too.
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "1.0" }).waitFor();
  await page.getByLabel("Account of ann").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("User name").waitFor();
  await page.goto(`${base}/ui/tokens`);
  await page.getByLabel("User name").waitFor();
  assert.equal(new URL(page.url()).searchParams.get("to"), "/registry/ui/tokens");
  for (const url of requested) assert.ok(url.startsWith(`${base}/`), url);
  browser.expectNoProblems();
});

test("right after a start the page says that it is counting, and then how many there are", async (t) => {
  const scope = new Scope(t);
  const driver = new PausableDriver(new MemoryDriver());
  const filling = await runBerth(new Scope(t), { opened: new Storage(driver, 1_000_000, new RecordedLog()) });
  for (const name of ["team/one", "team/two"]) await pushSmallImage(filling.client, name, "layer", { tag: "1" });
  const reading = driver.pauseBefore("list", /./);
  const { port } = await runBerth(scope, { opened: new Storage(driver, 1_000_000, new RecordedLog()) });
  const browser = await Browser.start(scope);
  const page = await browser.page(`http://127.0.0.1:${port}/ui/`);
  const card = page.locator("section", { has: page.getByRole("heading", { name: "Repositories" }) });
  await card.getByText("Counting…").waitFor();
  reading.resume();
  await card.getByText("2", { exact: true }).waitFor();
  browser.expectNoProblems();
});

test("of an index of 150 manifests the page shows the first ones, and the others when asked", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerth(scope, { private: { sparse: true } } as never);
  const child = await pushImage(client, "app", { layers: ["stored"] });
  const entries = Array.from({ length: 150 }, (_, number) => ({
    ...(number === 140 ? child.descriptor : descriptorOf(Buffer.from(`missing ${number}`), mediaTypes.ociManifest)),
    platform: { os: "linux", architecture: `cpu${number}` },
  }));
  await pushManifest(client, "app", manifestOf({ mediaType: mediaTypes.ociIndex, manifests: entries }), "1");
  const browser = await Browser.start(scope);
  const page = await browser.page(`http://127.0.0.1:${port}/ui/repositories/app:1`);
  const platforms = page.getByRole("region", { name: "Platforms 150" }).getByRole("button");
  await page.getByRole("button", { name: "linux/cpu23" }).waitFor();
  assert.equal(await platforms.filter({ hasText: "linux/" }).count(), 24);
  await page.getByRole("button", { name: "Show 126 more manifests" }).click();
  await page.getByRole("button", { name: "linux/cpu149" }).waitFor();
  assert.equal(await platforms.filter({ hasText: "linux/" }).count(), 150);
  await page.getByRole("button", { name: "linux/cpu140" }).click();
  await page.getByRole("heading", { name: "Layers" }).waitFor();
  browser.expectNoProblems();
});
