import {
  listOfSections,
  nullableSetting,
  optionalSection,
  optionalSetting,
  requiredSetting,
  section,
  setting,
} from "./definition.js";
import { duration, listOf, longestTimer, wholeNumber } from "./kinds.js";
import { namePattern, policyName, tagPatterns } from "./name-kinds.js";

const longest = "36500d";

const keep = listOfSections(
  {
    meaning:
      "What is kept, by these rules and those of every other policy for the repository: all other tags are deleted. Without a rule, all stay.",
    default: [],
    example: { tags: ["*"], newest: 20 },
  },
  {
    tags: setting(tagPatterns, {
      default: ["*"],
      meaning:
        "Patterns of the tags that the rule is about, and exceptions. Without a condition below, it keeps all of them.",
    }),
    newest: optionalSetting(wholeNumber(1, 10_000_000), {
      example: "20",
      meaning: "Keeps this many of them: those that were pushed last.",
    }),
    pushedWithin: optionalSetting(duration({ from: "1s", to: longest }), {
      example: "7d",
      meaning: "Keeps those that were pushed within this time, counted from the push to this registry.",
    }),
    pulledWithin: optionalSetting(duration({ from: "1s", to: longest }), {
      example: "30d",
      meaning: "Keeps those whose image was pulled within this time.",
    }),
  },
);

const policies = listOfSections(
  {
    meaning: "Policies; all that match a repository add up. A repository that none matches keeps everything.",
    default: [],
    example: {
      name: "releases",
      repositories: ["prod/**"],
      keep: [{ tags: ["v*"] }, { newest: 20 }, { pulledWithin: "30d" }],
      untagged: { keepFor: "7d" },
      immutable: ["v*", "!v*-rc*"],
    },
  },
  {
    name: requiredSetting(policyName, { example: "releases", meaning: "Its name, for messages and the log." }),
    repositories: requiredSetting(listOf(namePattern), {
      example: "prod/**",
      meaning: "Patterns of private repositories, as in access rules.",
    }),
    keep,
    untagged: optionalSection(
      "Manifests without a tag. Without this section they stay; never: they go once garbage is collected.",
      {
        keepFor: setting(duration({ from: "0s", to: longest }), {
          default: "7d",
          meaning: "How long they stay after they lost their last tag, or were last pushed or pulled.",
        }),
      },
      { never: { keepFor: "0s" } },
    ),
    immutable: setting(tagPatterns, {
      default: [],
      meaning: 'Tags that cannot be moved or deleted once they are pushed: patterns, and exceptions such as "!v*-rc*".',
    }),
    protected: setting(tagPatterns, {
      default: [],
      meaning: "Tags that may be moved, but are deleted neither by clients nor by a policy: patterns, and exceptions.",
    }),
  },
);

/** What becomes of tags with time. */
export const retention = section(
  "Which tags of private repositories go with time, and which may not: config/retention.md.",
  {
    every: nullableSetting(duration({ from: "1s", to: longestTimer }), {
      default: "24h",
      meaning: "How often the policies are applied; null: only by `berth retention run`.",
    }),
    policies,
  },
);
