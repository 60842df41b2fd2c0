// Takes pictures of the page of a running Berth, in both themes, for a phone and a wide screen:
//   node scripts/make-screenshots.mjs [URL [FOLDER]]
// It shows the images that are there: the first repository with several platforms, or else the first one. Where users
// log in, set BERTH_USER and BERTH_PASSWORD. It needs Chromium (scripts/install-tools.sh), and changes nothing.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [url = "http://127.0.0.1:5000", folder = ".build/pictures"] = process.argv.slice(2);
const base = new URL("/", url).href;
const { BERTH_USER: user, BERTH_PASSWORD: password } = process.env;
const sizes = [
  { name: "wide", width: 1440, height: 900 },
  { name: "phone", width: 390, height: 844 },
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
try {
  mkdirSync(folder, { recursive: true });
  for (const colorScheme of ["light", "dark"]) for (const size of sizes) await takeAll(colorScheme, size);
} finally {
  await browser.close();
}
console.log(`the pictures are in ${folder}`);

async function takeAll(colorScheme, { name, width, height }) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height }, deviceScaleFactor: 2 });
  const page = await context.newPage();
  if (user !== undefined) await signIn(context);
  for (const [view, path] of Object.entries(await viewsOf(context))) {
    await page.goto(base + path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    // Some parts of a view arrive after its heading.
    await page.waitForLoadState("load");
    await page.locator(".waiting").first().waitFor({ state: "detached" });
    await page.screenshot({ path: join(folder, `${view}-${name}-${colorScheme}.png`), fullPage: true });
  }
  await context.close();
}

async function signIn(context) {
  const answer = await context.request.post(`${base}ui/session`, { data: { user, password } });
  if (!answer.ok()) fail(`${user} cannot sign in: ${await answer.text()}`);
}

async function viewsOf(context) {
  const general = {
    home: "ui/",
    repositories: "ui/repositories?as=list",
    upstreams: "ui/upstreams",
    setup: "ui/setup",
  };
  const { items } = await read(context, "repositories?details=true&n=100");
  let shown;
  for (const { name, newestTag } of items) {
    if (newestTag === undefined) continue;
    const image = await read(context, `image?repository=${encodeURIComponent(name)}&reference=${newestTag}`);
    shown ??= { name, newestTag };
    if (image.manifests.length < 2) continue;
    shown = { name, newestTag };
    break;
  }
  if (shown === undefined) return general;
  const { name, newestTag } = shown;
  return { ...general, repository: `ui/repositories/${name}`, image: `ui/repositories/${name}:${newestTag}` };
}

async function read(context, path) {
  const answer = await context.request.get(`${base}v2/_berth/${path}`);
  if (!answer.ok())
    fail(`${path}: ${answer.status()} ${await answer.text()}; if users log in, set BERTH_USER and BERTH_PASSWORD`);
  return answer.json();
}

function fail(message) {
  console.error(`make-screenshots: ${message}`);
  process.exit(1);
}
