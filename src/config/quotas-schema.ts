import { listOfSections, requiredSetting } from "./definition.js";
import { listOf, size } from "./kinds.js";
import { namePattern } from "./name-kinds.js";

export const quotas = listOfSections(
  {
    meaning: "How much private repositories may hold. A push that goes beyond it gets 403.",
    default: [],
    example: { repositories: "team/**", limit: "200GB" },
  },
  {
    repositories: requiredSetting(listOf(namePattern), {
      example: "team/**",
      meaning: "Patterns of the repositories that share the quota; content that several of them have counts once.",
    }),
    limit: requiredSetting(size({ from: "0B", to: "1000TiB" }), {
      example: "200GB",
      meaning: "How much they may hold together: blobs and manifests that they link to.",
    }),
  },
);
