import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { decideTags, type TagFacts, type Times } from "../../../src/retention/decide-tags.js";
import { Policies } from "../../../src/retention/policies.js";
import { configWith } from "../../support/config.js";

const name = parseRepositoryName("team/app");
const digest = digestOf(Buffer.from("image"));
const day = 24 * 60 * 60_000;
const nowMs = Date.parse("2026-06-01T00:00:00Z");
const times = { nowMs, pullsSinceMs: nowMs - 1_000 * day };

/** A tag that was pushed, and perhaps pulled, so many days ago. */
function tag(text: string, pushedDays: number | undefined, pulledDays?: number): TagFacts {
  const ago = (days: number | undefined) => (days === undefined ? undefined : nowMs - days * day);
  return { tag: parseTag(text), digest, pushedMs: ago(pushedDays), pulledMs: ago(pulledDays) };
}

type Written = NonNullable<Parameters<typeof configWith>[0]["retention"]>["policies"];

/** What stays by policies as they would be written. */
function staying(policies: Written, tags: readonly TagFacts[], at: Times = times): string[] {
  const policy = new Policies(configWith({ retention: { policies: policies ?? [] } }).retention.policies).of(name);
  return decideTags(policy, tags, at)
    .filter(({ reasons }) => reasons.length > 0)
    .map((decision) => decision.tag);
}

const all = ["**"];

test("a policy without keep deletes nothing, and neither does one for other repositories, nor an empty list", () => {
  const tags = [tag("a", 900), tag("b", undefined)];
  assert.deepEqual(staying([{ name: "p", repositories: all }], tags), ["a", "b"]);
  assert.deepEqual(staying([{ name: "p", repositories: ["other/**"], keep: [{ tags: ["x"] }] }], tags), ["a", "b"]);
  assert.deepEqual(staying([{ name: "p", repositories: all, keep: [] }], tags), ["a", "b"]);
  assert.deepEqual(staying([{ name: "p", repositories: all, keep: [{}] }], tags), ["a", "b"]);
});

test("a tag stays if any rule of any policy that matches keeps it", () => {
  const tags = [tag("v1", 900), tag("old", 900), tag("pulled", 900, 3), tag("pushed", 2), tag("nightly", 900)];
  const policies = [
    { name: "a", repositories: ["team/*"], keep: [{ tags: ["v*"] }, { pulledWithin: "30d" }] },
    { name: "b", repositories: ["**"], keep: [{ pushedWithin: "7d" }, { tags: ["night*"] }] },
    { name: "c", repositories: ["**"] },
  ];
  assert.deepEqual(staying(policies, tags), ["v1", "pulled", "pushed", "nightly"]);
});

test("newest counts among the tags that its patterns match, by the push to this registry", () => {
  const tags = [tag("v1", 5), tag("v2", 3), tag("v3", 4), tag("dev", 1), tag("test", 2)];
  const policies = [
    {
      name: "p",
      repositories: all,
      keep: [
        { tags: ["v*"], newest: 2 },
        { tags: ["dev", "test"], newest: 1 },
      ],
    },
  ];
  assert.deepEqual(staying(policies, tags), ["v2", "v3", "dev"]);
});

test("of several conditions in a rule, one suffices", () => {
  const keep = [{ newest: 1, pushedWithin: "7d", pulledWithin: "30d" }];
  const tags = [tag("newest", 10), tag("older", 40), tag("pulled", 400, 29)];
  assert.deepEqual(staying([{ name: "p", repositories: all, keep }], tags), ["newest", "pulled"]);
});

test("a push counts as a use: an image that nobody has pulled yet does not go at once", () => {
  const policies = [{ name: "p", repositories: all, keep: [{ pulledWithin: "30d" }] }];
  assert.deepEqual(staying(policies, [tag("new", 1), tag("old", 40)]), ["new"]);
});

test("as long as pulls were not recorded for the whole time, no tag goes for want of a pull", () => {
  const policies = [{ name: "p", repositories: all, keep: [{ pulledWithin: "30d" }] }];
  const tags = [tag("old", 400), tag("pulled", 400, 2)];
  for (const pullsSinceMs of [undefined, nowMs - 29 * day])
    assert.deepEqual(staying(policies, tags, { nowMs, pullsSinceMs }), ["old", "pulled"]);
  assert.deepEqual(staying(policies, tags, { nowMs, pullsSinceMs: nowMs - 31 * day }), ["pulled"]);
});

test("what is unknown stays: an age, a damaged link, a time in the future", () => {
  const keep = [{ pushedWithin: "7d" }];
  const damaged = { ...tag("damaged", 900), digest: undefined };
  const tags = [tag("ageless", undefined), damaged, tag("future", -5), tag("old", 900)];
  assert.deepEqual(staying([{ name: "p", repositories: all, keep }], tags), ["ageless", "damaged", "future"]);
});

test("immutable and protected tags stay, whatever is kept", () => {
  const policies = [
    { name: "p", repositories: all, keep: [{ tags: ["x"] }], immutable: ["v*", "!v*-rc*"], protected: ["stable"] },
  ];
  assert.deepEqual(staying(policies, [tag("v1", 900), tag("v1-rc1", 900), tag("stable", 900)]), ["v1", "stable"]);
});

test("tags that were pushed at the same time are decided about in the same way each time", () => {
  const policies = [{ name: "p", repositories: all, keep: [{ newest: 2 }] }];
  const tags = ["c", "a", "d", "b"].map((text) => tag(text, 1));
  assert.deepEqual(staying(policies, tags), ["c", "d"]);
  assert.deepEqual(staying(policies, tags.toReversed()), ["d", "c"]);
});
