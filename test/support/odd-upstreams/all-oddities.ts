import { bodyOddities } from "./body-oddities.js";
import { headOddities } from "./head-oddities.js";
import { limitOddities } from "./limit-oddities.js";
import { loginOddities } from "./login-oddities.js";
import { manifestOddities } from "./manifest-oddities.js";
import type { Oddity } from "./oddity.js";
import { resumeOddities } from "./resume-oddities.js";

/** Every oddity that is tried, by topic. */
export const oddities: Readonly<Record<string, readonly Oddity[]>> = {
  "HEAD and digests": headOddities,
  "Headers and encodings": bodyOddities,
  Manifests: manifestOddities,
  "Tokens, logins, redirects": loginOddities,
  "Limits, slowness, lists": limitOddities,
  "Broken downloads": resumeOddities,
};
