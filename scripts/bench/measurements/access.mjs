import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hash } from "@node-rs/bcrypt";
import { runClient } from "../client.mjs";
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

/** Pulls of one blob from a Berth with access control, with credentials that are cached after the first request. */
function guardedPulls({ id, title, target, rules = [everything], access = {}, headersOf = async () => basic }) {
  return {
    rows: [{ id, title, unit: "requests/s", target }],
    measure: (bench) =>
      withGuarded(bench, { rules, ...access }, async (server, path) => {
        const headers = await headersOf(server);
        await fetchChecked(server, path, { size, headers });
        return { [id]: await requestRates(server, { paths: [path], headers, settings: bench.settings }) };
      }),
  };
}

const openPulls = {
  rows: [{ id: "access-none", title: "10 kB blob without access control", unit: "requests/s" }],
  async measure({ settings, withServer }) {
    let path = "";
    const seed = (layout) => {
      path = blobPath(layout);
    };
    return withServer(seed, async (server) => {
      await fetchChecked(server, path, { size });
      return { "access-none": await requestRates(server, { paths: [path], settings }) };
    });
  },
};

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
    withGuarded(bench, { rules: [everything] }, async (server, path) => {
      await fetchChecked(server, path, { size, headers: basic });
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

async function withGuarded({ withServer, folder, peerId }, access, work) {
  // The other peers check each password again, and have no rules.
  if (peerId !== "berth") return {};
  const htpasswd = join(folder, `htpasswd-${randomBytes(4).toString("hex")}`);
  writeFileSync(htpasswd, `${user}:${await hash(password, bcryptCost)}\n`);
  let path = "";
  const seed = (layout) => {
    path = blobPath(layout);
  };
  return withServer(seed, (server) => work(server, path), {
    access: { users: { htpasswd }, challenge: "bearer", ...access },
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

export const accessMeasurements = [
  openPulls,
  guardedPulls({
    id: "access-basic",
    title: "the same with Basic credentials",
    target: atLeastTimesRow(0.9, "access-none"),
  }),
  guardedPulls({
    id: "access-bearer",
    title: "the same with a Bearer token",
    target: atLeastTimesRow(0.9, "access-none"),
    headersOf: bearer,
  }),
  guardedPulls({
    id: "access-rules",
    title: "the same with Basic and 1,000 rules",
    target: atLeastTimesRow(0.97, "access-basic"),
    rules: thousandRules,
  }),
  guardedPulls({
    id: "access-limits",
    title: "the same with Basic and limits",
    target: atLeastTimesRow(0.97, "access-basic"),
    access: { limits },
  }),
  guessing,
];
