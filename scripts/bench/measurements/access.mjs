import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hash } from "@node-rs/bcrypt";
import { runClient } from "../client.mjs";
import { cpuInTurns } from "../cpu-in-turns.mjs";
import { fetchChecked } from "../fetch-checked.mjs";
import { atLeastTimesRow, atMost } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const [user, password, repository] = ["ann", "correct horse", "team/bench"];
const basic = { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
const size = 10_000;
/** `htpasswd -B` uses 5, which takes a thirtieth of the time. */
const bcryptCost = 10;
const everything = { allow: ["pull", "push", "delete"], to: "authenticated", in: "**" };

/** Patterns that must all be checked; the last one allows. */
const thousandRules = [
  ...Array.from({ length: 999 }, (_, index) => ({ allow: "pull", to: `user${index}`, in: `team-${index}/*/app-*` })),
  { allow: "pull", to: "authenticated", in: "team/*" },
];

/** Limits that the load does not reach. */
const ampleLimits = { requests: 1_000_000, transfers: 1_000, bandwidth: "1TiB" };
const limits = { perAddress: ampleLimits, perUser: ampleLimits };

/** Rates of pulls without access control, and with a password that is remembered after the first request. */
const pullRates = {
  rows: [
    { id: "access-none", title: "10 kB blob without access control", unit: "requests/s" },
    { id: "access-basic", title: "the same with Basic credentials", unit: "requests/s" },
  ],
  measure: (bench) =>
    withOpen(bench, async (open, path) => {
      const load = { paths: [path], settings: bench.settings };
      const rates = { "access-none": await requestRates(open, load) };
      await withGuarded(bench, {}, async (guarded, path) => {
        rates["access-basic"] = await requestRates(guarded, { ...load, paths: [path], headers: basic });
      });
      return rates;
    }),
};

/** A rate of 90 % is CPU time of 111 %. */
const [beside, besideBasic] = [atMost(10), atMost(3)];

/** What access control costs a pull: servers that differ only in access control are measured in turns. */
const pullCosts = {
  rows: [
    { id: "access-basic-cost", title: "10 kB blob: CPU time of Basic, beside none", unit: "%", target: beside },
    { id: "access-bearer-cost", title: "the same of a Bearer token", unit: "%", target: beside },
    { id: "access-rules-cost", title: "the same of 1,000 rules, beside Basic", unit: "%", target: besideBasic },
    { id: "access-limits-cost", title: "the same of limits, beside Basic", unit: "%", target: besideBasic },
  ],
  async measure(bench) {
    if (!bench.peerId.startsWith("berth")) return {};
    const costs = {
      "access-basic-cost": [],
      "access-bearer-cost": [],
      "access-rules-cost": [],
      "access-limits-cost": [],
    };
    for (let run = 0; run < bench.settings.runs; run++) {
      const [none, withBasic, withBearer, withRules, withLimits] = await withLoads(bench, (loads) =>
        cpuInTurns(loads, { connections: bench.settings.connections, turns }),
      );
      costs["access-basic-cost"].push(percentMore(withBasic, none));
      costs["access-bearer-cost"].push(percentMore(withBearer, none));
      costs["access-rules-cost"].push(percentMore(withRules, withBasic));
      costs["access-limits-cost"].push(percentMore(withLimits, withBasic));
    }
    return costs;
  },
};

const turns = 10;

function percentMore(value, base) {
  return 100 * (value / base - 1);
}

/** Runs all servers at once: without access control, with Basic, Bearer, 1,000 rules, and limits. */
function withLoads(bench, work) {
  const load = (server, path, headers) => ({ server, path, headers });
  return withOpen(bench, (open, openPath) =>
    withGuarded(bench, {}, (guarded, path) =>
      withGuarded(bench, {}, async (tokens, tokensPath) =>
        withGuarded(bench, { rules: thousandRules }, (ruled, ruledPath) =>
          withGuarded(bench, { limits }, async (limited, limitedPath) =>
            work([
              load(open, openPath, {}),
              load(guarded, path, basic),
              load(tokens, tokensPath, await bearer(tokens)),
              load(ruled, ruledPath, basic),
              load(limited, limitedPath, basic),
            ]),
          ),
        ),
      ),
    ),
  );
}

/** Password guessing for many users, with concurrent pulls of a known user. */
const guessing = {
  rows: [
    {
      id: "access-guessing",
      title: "the same, while 50 clients guess passwords",
      unit: "requests/s",
      target: atLeastTimesRow(0.8, "access-basic"),
    },
    { id: "access-guessing-base", title: "GET /v2/ meanwhile, slowest of 100", unit: "ms", target: atMost(50) },
  ],
  measure: (bench) =>
    withGuarded(bench, {}, async (server, path) => {
      const { warmup, seconds, runs } = bench.settings;
      const storm = runClient("wrong-passwords", {
        port: server.port,
        clients: 50,
        basic,
        warmup,
        seconds: warmup + seconds * runs + 1,
      });
      const rates = await requestRates(server, { paths: [path], headers: basic, settings: bench.settings });
      const { slowestMs } = await storm;
      return { "access-guessing": rates, "access-guessing-base": [slowestMs] };
    }),
};

/** Runs a Berth without access control, and checks one pull. */
function withOpen({ withServer }, work) {
  let path = "";
  const seed = (layout) => {
    path = blobPath(layout);
  };
  return withServer(seed, async (server) => {
    await fetchChecked(server, path, { size });
    return work(server, path);
  });
}

/** Runs a Berth with access control, and lets it check the password once. */
async function withGuarded({ withServer, folder, peerId }, access, work) {
  // The other peers check each password again, and have no rules.
  if (!peerId.startsWith("berth")) return {};
  const htpasswd = join(folder, `htpasswd-${randomBytes(4).toString("hex")}`);
  writeFileSync(htpasswd, `${user}:${await hash(password, bcryptCost)}\n`);
  let path = "";
  const seed = (layout) => {
    path = blobPath(layout);
  };
  const served = async (server) => {
    await fetchChecked(server, path, { size, headers: basic });
    return work(server, path);
  };
  return withServer(seed, served, {
    access: { users: { htpasswd }, challenge: "bearer", rules: [everything], ...access },
  });
}

function blobPath(layout) {
  return `/v2/${repository}/blobs/${layout.putRandomBlob(repository, size).digest}`;
}

async function bearer(server) {
  const path = `/v2/_berth/token?scope=repository:${repository}:pull`;
  const { token } = JSON.parse(await fetchChecked(server, path, { headers: basic }));
  return { Authorization: `Bearer ${token}` };
}

export const accessMeasurements = [pullRates, pullCosts, guessing];
