// Measures how quick the API and the page are with very many repositories and tags, and what open pages cost:
//   node scripts/make-large-store.mjs FOLDER 20000 10000
//   npm run bench:page -- FOLDER
// It starts Berth on the folder, and Chromium (scripts/install-tools.sh). Each line has the median, the slowest, and
// the limit of the issue that asked for it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { ProcessTree } from "./bench/process-tree.mjs";
import { median } from "./bench/report.mjs";

const folder = process.argv[2];
if (folder === undefined) {
  console.error("usage: node scripts/page-speeds.mjs FOLDER (of scripts/make-large-store.mjs)");
  process.exit(1);
}
const port = 5497;
const base = `http://127.0.0.1:${port}`;
const home = mkdtempSync(join(tmpdir(), "berth-page-"));
const config = join(home, "berth.yml");
writeFileSync(
  config,
  JSON.stringify({ server: { port }, storage: { filesystem: { root: folder } }, log: { access: false } }),
);

const starts = 5;
const visits = 7;
const openPages = 100;
const idleSeconds = 20;

try {
  // The first start reads all names in the background, and keeps them.
  await withBerth(async () => until(async () => (await api("repositories?search=a&n=1")).status === 200));
  await measureStarts();
  await withBerth(async () => {
    await measureSearches();
    await measureViews();
  });
  // Another one: what the views before made the last one count in the background is no cost of open pages.
  await withBerth(measureIdlePages);
} finally {
  rmSync(home, { recursive: true, force: true });
}

/** The first answers of a process that has just started. */
async function measureStarts() {
  const lists = [];
  const searches = [];
  for (let count = 0; count < starts; count++) {
    await withBerth(async () => lists.push(await timeOf("repositories?details=true")));
    await withBerth(async () => searches.push(await timeOf("repositories?details=true&n=8&search=app-77")));
  }
  report("first page of repositories, after a start", lists, 100);
  report("first search, after a start", searches, 50);
}

async function measureSearches() {
  const pages = [];
  const searches = [];
  for (let count = 0; count < 20; count++) {
    pages.push(await timeOf(`repositories?details=true&last=team-00${count + 100}`));
    searches.push(await timeOf(`repositories?details=true&n=8&search=APP-${count + 100}`));
    searches.push(await timeOf(`repositories?details=true&search=${count}zz`));
  }
  report("another page of repositories", pages, 100);
  report("search", searches, 50);
}

async function measureViews() {
  const views = {
    "page: 20,000 repositories, as a list": "ui/repositories?as=list",
    "page: 20,000 repositories, as folders": "ui/repositories",
    "page: a repository of 10,000 tags": "ui/repositories/large/tags",
    "page: an index of 1,000 manifests": "ui/repositories/large/index:1.0",
  };
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  try {
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
    const page = await context.newPage();
    await page.addInitScript(noteWhenReady);
    for (const [title, path] of Object.entries(views)) {
      const times = [];
      for (let count = 0; count < visits; count++) times.push(await readyAfter(page, path));
      report(title, times, 300);
    }
  } finally {
    await browser.close();
  }
}

/** Runs in the page: notes when the content of a view was painted, not only its frame. */
function noteWhenReady() {
  const look = () => {
    const isReady = document.querySelector("[data-row], .platform") && !document.querySelector(".waiting");
    requestAnimationFrame(() => {
      if (isReady) document.documentElement.dataset.readyAfterMs = String(performance.now());
      else look();
    });
  };
  look();
}

async function readyAfter(page, path) {
  await page.goto(`${base}/${path}`);
  // By an attribute, since the policy of the page forbids scripts that are made of text.
  return Number(
    await page.locator("html").and(page.locator("[data-ready-after-ms]")).getAttribute("data-ready-after-ms"),
  );
}

/** What the registry works for pages on which nothing happens: each has one connection for news. */
async function measureIdlePages({ pid }) {
  const requests = await Promise.all(Array.from({ length: openPages }, openLive));
  const tree = new ProcessTree(pid);
  // The work of the start ends.
  await sleep(5_000);
  const before = tree.cpuSeconds();
  await sleep(idleSeconds * 1_000);
  const percent = ((tree.cpuSeconds() - before) / idleSeconds) * 100;
  for (const request of requests) request.destroy();
  report(`${openPages} open pages, % of a core`, [percent], 2);
}

function openLive() {
  return new Promise((resolve, reject) => {
    const request = get(`${base}/v2/_berth/live`, { agent: false }, (response) => {
      response.resume();
      response.on("error", () => {});
      resolve(request);
    }).on("error", reject);
  });
}

async function withBerth(work) {
  const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
  const server = spawn(process.execPath, [main, "serve", config], { stdio: "ignore" });
  try {
    await until(async () => (await fetch(`${base}/v2/`)).ok);
    await work(server);
  } finally {
    const ended = once(server, "exit");
    server.kill();
    await ended;
  }
}

function api(path) {
  return fetch(`${base}/v2/_berth/${path}`);
}

async function timeOf(path) {
  const before = performance.now();
  const answer = await api(path);
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return performance.now() - before;
}

async function until(isDone) {
  while (!(await isDone().catch(() => false))) await sleep(20);
}

function report(title, values, limit) {
  const [middle, slowest] = [median(values), Math.max(...values)].map((value) => value.toFixed(1).padStart(7));
  console.log(`${title.padEnd(46)} ${middle} ${slowest}   limit ${limit}`);
}
