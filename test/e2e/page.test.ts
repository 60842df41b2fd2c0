import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { mediaTypes } from "../../src/oci/media-types.js";
import { configType } from "../support/api-image.js";
import { Browser, examine, looks } from "../support/browser.js";
import { seededBytes } from "../support/content.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { Scope } from "../support/scope.js";
import { oddTexts, type SeenBerth, startSeenBerth } from "../support/seen-berth.js";
import { tarLayer } from "../support/tar-layer.js";

async function open(t: TestContext) {
  const scope = new Scope(t);
  const berth = await startSeenBerth(scope);
  return { scope, berth, browser: await Browser.start(scope) };
}

/** By keyboard alone: the first field has the focus. */
async function signIn(page: Page, user: string, password = user): Promise<void> {
  await page.getByLabel("User name").waitFor();
  await page.keyboard.type(user);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
}

async function signedIn(browser: Browser, berth: SeenBerth, look = looks[2]): Promise<Page> {
  const page = await browser.page(`${berth.url}/ui/sign-in`, look);
  await signIn(page, "ann");
  await page
    .getByRole("heading", { level: 1 })
    .filter({ hasText: /well|look|wrong/ })
    .waitFor();
  return page;
}

test("by keyboard: sign in, search, look at an image of several platforms, copy its command, and docker runs it", async (t) => {
  const { scope, berth, browser } = await open(t);
  const page = await browser.page(`${berth.url}/ui/sign-in`);
  await signIn(page, "ann", "wrong");
  await page.getByRole("alert").getByText("The user name or the password is wrong").waitFor();
  await page.reload();
  await signIn(page, "ann");
  await page.getByText("Saved today").waitFor();

  await page.keyboard.press("/");
  await page.keyboard.type("API");
  await page.getByRole("option", { name: "team/api" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "api" }).waitFor();
  assert.equal(await page.title(), "team/api · Berth");

  await page.getByRole("link", { name: "1.0", exact: true }).focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "1.0" }).waitFor();
  await page.getByRole("link", { name: "SBOM" }).waitFor();
  const referrers = page.getByRole("region", { name: "Signatures and SBOMs" });
  await referrers.getByText("application/vnd.dev.sigstore.bundle").waitFor();
  await referrers.getByText("attached by a tag").waitFor();
  assert.equal(await referrers.getByRole("link", { name: "Signature" }).count(), 2);
  await page.getByRole("button", { name: /linux\/arm64/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /linux\/arm64/, pressed: true }).waitFor();

  await page.getByRole("button", { name: "Copy pull command" }).focus();
  await page.keyboard.press("Enter");
  const command = await page.evaluate<string>("navigator.clipboard.readText()");
  assert.equal(command, `docker pull ${berth.host}/team/api:1.0`);
  const docker = await startDocker(scope);
  const pulled = digestIn(await docker(...command.split(" ").slice(1)));
  const { headers } = await berth.client.head("/v2/team/api/manifests/1.0");
  assert.equal(pulled, headers["docker-content-digest"]);
  browser.expectNoProblems();
});

test("by mouse: deleting a tag says before what goes and what stays", async (t) => {
  const { berth, browser } = await open(t);
  const page = await signedIn(browser, berth);
  await page.getByRole("link", { name: "Repositories", exact: true }).first().click();
  await page.getByRole("link", { name: "team", exact: true }).click();
  await page.getByRole("link", { name: "api", exact: true }).click();
  await page.getByLabel("Choose latest").check();
  await page.getByRole("button", { name: "Delete 1 tag" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("listitem").filter({ hasText: "the tag latest" }).waitFor();
  await dialog.getByText("What stays").waitFor();
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("link", { name: "latest" }).waitFor({ state: "detached" });
  assert.equal((await berth.client.get("/v2/team/api/manifests/latest")).status, 404);
  assert.equal((await berth.client.get("/v2/team/api/manifests/1.0")).status, 200);
  browser.expectNoProblems();
});

test("the cache fills before one's eyes, and the quota of Docker Hub goes down", async (t) => {
  const { berth, browser } = await open(t);
  const page = await signedIn(browser, berth);
  await page.getByText("No downloads").waitFor();
  berth.hub.throttle.bytesPerSecond = 2_000_000;
  await berth.client.get("/v2/docker.io/library/tool/manifests/1");
  const pulling = [1, 2].map(() => berth.client.get(`/v2/docker.io/library/tool/blobs/${berth.coldLayer}`));
  await page.getByRole("link", { name: "docker.io/library/tool" }).waitFor();
  await page.getByText("2 clients").waitFor();
  await page.getByText(/\bof 6 MB/).waitFor();
  for (const { status } of await Promise.all(pulling)) assert.equal(status, 200);
  await page.getByText("No downloads").waitFor();
  await page.getByText("99 of 100 pulls left").waitFor();
  browser.expectNoProblems();
});

test("docker pulls what is not cached: the page shows it as it comes, then where it came from, and docker's next pull is saved", async (t) => {
  const { scope, berth, browser } = await open(t);
  const { store, throttle } = berth.hub;
  const layer = tarLayer("data", seededBytes("for docker", 2_000_000).toString("hex"));
  const config = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [layer.diffId] } };
  const name = "library/real";
  store.addManifest(
    name,
    {
      mediaType: mediaTypes.ociManifest,
      config: store.addBlob(name, Buffer.from(JSON.stringify(config)), configType),
      layers: [store.addBlob(name, layer.bytes, "application/vnd.oci.image.layer.v1.tar+gzip")],
    },
    "1",
  );
  const docker = await startDocker(scope);
  const page = await signedIn(browser, berth);
  throttle.bytesPerSecond = 500_000;
  const image = `${berth.host}/docker.io/${name}:1`;
  const pulling = docker("pull", image);
  await page
    .getByRole("link", { name: `docker.io/${name}` })
    .first()
    .waitFor();
  await page.getByText("1 client", { exact: false }).first().waitFor();
  const pulled = digestIn(await pulling);
  await page.getByText("No downloads").waitFor();
  await page.getByText("99 of 100 pulls left").waitFor();
  await docker("rmi", image);
  assert.equal(digestIn(await docker("pull", image)), pulled);
  await page.getByText(/[1-9]\d* % of what clients pulled was here already/).waitFor();
  await page.goto(`${berth.url}/ui/repositories/docker.io/${name}:1`);
  await page.getByText(`docker pull ${image}`).waitFor();
  browser.expectNoProblems();
});

test("each view fits a phone and a wide screen, in both themes, and passes axe", async (t) => {
  const { berth, browser } = await open(t);
  await berth.client.get("/v2/docker.io/library/tool/manifests/1");
  const views: Readonly<Record<string, string>> = {
    home: "/ui/",
    repositories: "/ui/repositories",
    list: "/ui/repositories?as=list",
    repository: "/ui/repositories/team/api",
    image: "/ui/repositories/team/api:1.0",
    odd: "/ui/repositories/team/odd:1.0",
    cached: "/ui/repositories/docker.io/library/tool:1",
    upstreams: "/ui/upstreams",
    setup: "/ui/setup?client=containerd",
    tokens: "/ui/tokens",
    unknown: "/ui/nothing",
  };
  for (const look of looks) {
    const page = await browser.page(`${berth.url}/ui/sign-in`, look);
    await page.getByLabel("User name").waitFor();
    await examine(page, "sign-in", look);
    await signIn(page, "ann");
    await page.getByText("Saved today").waitFor();
    for (const [name, path] of Object.entries(views)) {
      await page.goto(berth.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.locator(".waiting").first().waitFor({ state: "detached" });
      await examine(page, name, look);
    }
    await page.goto(`${berth.url}/ui/repositories/team/api:1.0`);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByText("What stays").waitFor();
    await examine(page, "dialog", look);
    await page.keyboard.press("Escape");
    await page.getByLabel("Theme").click();
    await examine(page, "menu", look);
    // What is chosen is not covered by the tabs that come after it on a phone.
    await page.getByRole("button", { name: "As the system" }).click({ trial: true });
    await page.keyboard.press("Escape");
    await page.getByLabel("Find a repository").fill("team");
    const found = page.getByRole("option", { name: "team/api" });
    await found.waitFor();
    await examine(page, "search", look);
    await found.click({ trial: true });
    assert.ok(((await page.getByRole("listbox").boundingBox())?.x ?? -1) >= 0);
    await page.context().close();
  }
  browser.expectNoProblems();
});

test("a token is made, logs a machine in, and is revoked", async (t) => {
  const { berth, browser } = await open(t);
  const page = await signedIn(browser, berth);
  await page.getByRole("link", { name: "Tokens" }).click();
  await page.getByLabel("What it is for").fill("CI <b>of</b> team");
  await page.getByLabel("Limited to").fill("pull:team/*");
  await page.getByRole("button", { name: "Make a token" }).click();
  const token = (await page.getByText(/^berth_[0-9a-f]{12}_[\w-]{40,}$/).textContent()) ?? "";
  const login = { authorization: `Basic ${Buffer.from(`ann:${token}`).toString("base64")}` };
  assert.equal((await berth.client.with(login).get("/v2/team/api/manifests/1.0")).status, 200);
  // What was chosen for the first token is offered for the next one.
  assert.equal(await page.getByLabel("Valid").inputValue(), "90");
  await examine(page, "token-made", { theme: "light", width: 1600 });
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("No tokens yet").waitFor();
  browser.expectNoProblems();
});

test("a cached image says when its upstream was asked, is asked about now, and is removed from the cache", async (t) => {
  const { berth, browser } = await open(t);
  await berth.client.get("/v2/docker.io/library/tool/manifests/1");
  const page = await signedIn(browser, berth);
  await page.goto(`${berth.url}/ui/repositories/docker.io/library/tool:1`);
  await page.getByText("Cached from docker.io").waitFor();
  await page.getByText(/^Asked/).waitFor();
  await page.getByRole("button", { name: "Ask now" }).click();
  await page.getByText("Unchanged.").waitFor();
  await page.getByRole("button", { name: "Remove from the cache" }).click();
  await page.getByText("It is downloaded again when a client pulls it.").waitFor();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.goto(`${berth.url}/ui/repositories/docker.io/library/tool:1`);
  await page.getByRole("alert").waitFor();
  browser.expectNoProblems();
});

test("what somebody pushed is shown as text, whatever it contains", async (t) => {
  const { berth, browser } = await open(t);
  const page = await signedIn(browser, berth);
  await page.goto(`${berth.url}/ui/repositories/team/odd:1.0`);
  await page.getByText(oddTexts.markup).first().waitFor();
  await page.getByText("Labels (3)").click();
  await page.getByText("[U+202E]gnp.exe").first().waitFor();
  assert.equal(await page.locator("img").count(), 0);
  assert.match(await page.title(), /^team\/odd:1\.0/);
  // Its other marks do not reach beyond its own text.
  const isolated = await page.locator("bdi", { hasText: "[U+202E]gnp.exe" }).count();
  assert.ok(isolated > 0);
  browser.expectNoProblems();
});

test("a session that has ended leads to the sign-in, and back to where one was", async (t) => {
  const { berth, browser } = await open(t);
  const page = await signedIn(browser, berth);
  await page.getByLabel("Account of ann").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("Look at the images").waitFor();
  await page.goto(`${berth.url}/ui/tokens`);
  await page.getByLabel("User name").waitFor();
  await signIn(page, "ann");
  await page.getByRole("heading", { level: 1, name: "Access tokens" }).waitFor();
  browser.expectNoProblems();
});
