import { test } from "node:test";
import { makeBucket, type StoreName, startStore } from "../support/object-stores/object-store.js";
import { startReplicas } from "../support/object-stores/replicas.js";
import { type OfficialProfile, passOfficialSuite, profiles, settingsOf } from "../support/official-profiles.js";
import { Scope } from "../support/scope.js";

for (const profile of profiles) testReplicas("minio", profile);
for (const profile of profiles.slice(-1)) testReplicas("versitygw", profile);

/** Each request goes to another replica than the one before. */
function testReplicas(name: StoreName, profile: OfficialProfile): void {
  const accepted = profile.sparse ? "accepted" : "refused";
  const title = `passes the official suite as two replicas on ${name}, version ${profile.version}, sparse content ${accepted}`;
  test(title, async (t) => {
    const scope = new Scope(t);
    const store = await startStore(scope, name);
    await makeBucket(store, "images");
    const { host } = await startReplicas(scope, store, "images", { private: settingsOf(profile) });
    await passOfficialSuite({ scope, t }, host, profile);
  });
}
