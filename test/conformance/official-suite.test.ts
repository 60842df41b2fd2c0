import { test } from "node:test";
import { type BerthOptions, startBerth } from "../support/berth-process.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { type OfficialProfile, passOfficialSuite, profiles, settingsOf } from "../support/official-profiles.js";
import { Scope } from "../support/scope.js";

/** What the suite pushes to is private in either mode; the upstream would reveal any request. */
const modes: Readonly<Record<string, BerthOptions>> = {
  private: {},
  hybrid: { mode: "hybrid", proxy: { upstreams: [{ name: "docker.io", url: "http://127.0.0.1:1" }] } },
};

/** Content is pushed through one and requested from the other. */
const twoWorkers: BerthOptions = { server: { workers: 2 } };

for (const [mode, options] of Object.entries(modes)) for (const profile of profiles) testSuite(mode, options, profile);
for (const profile of profiles.slice(-1)) testSuite("private, by two workers", twoWorkers, profile);

const login = { user: "ann", password: "ann-password" };
for (const challenge of ["basic", "bearer"] as const) {
  for (const profile of profiles) testGuarded(challenge, profile);
}

/** Anonymous clients may do nothing, and ann may do everything. */
function testGuarded(challenge: "basic" | "bearer", profile: OfficialProfile): void {
  const name = `mode private with ${challenge} credentials`;
  const access = async (scope: Scope) => ({
    access: { challenge, users: { htpasswd: await htpasswdFile(scope, { [login.user]: login.password }) } },
  });
  testSuite(name, {}, { ...profile, login }, access);
}

function testSuite(
  mode: string,
  options: BerthOptions,
  profile: OfficialProfile,
  more: (scope: Scope) => Promise<BerthOptions> = async () => ({}),
): void {
  const { version, sparse } = profile;
  const accepted = sparse ? "accepted" : "refused";
  test(`passes the official suite in mode ${mode}, version ${version}, sparse content ${accepted}`, async (t) => {
    const scope = new Scope(t);
    const berth = await startBerth(scope, {
      ...options,
      ...(await more(scope)),
      private: settingsOf(profile),
    });
    await passOfficialSuite({ scope, t }, berth.host, profile);
  });
}
