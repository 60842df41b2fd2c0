// Measures the lookup of a name's owner with 1,000 patterns and 50 upstreams: npx tsc -p test/tsconfig.json && node
// scripts/bench/owners.mjs
import { Owners } from "../../.build/src/registry/owners.js";

const limitUs = 2;
const rounds = 7;

const upstreams = Array.from({ length: 50 }, (_, index) => {
  const name = index === 0 ? "docker.io" : `registry${index}.example.com`;
  return { name, prefix: name, namespaces: [name], isDefault: index === 0 };
});
const patterns = Array.from({ length: 1_000 }, (_, index) => {
  if (index < 400) return `team${index}/*`;
  if (index < 700) return `group${index}/**`;
  return index < 990 ? `project${index}/app` : `ci-${index}-*/cache`;
});

/** Names of every owner, each looked up once, so that nothing can be remembered. */
function namesOf(count, round) {
  return Array.from({ length: count }, (_, index) => {
    const shapes = [
      `team${index % 400}/app${index}-${round}`,
      `group${400 + (index % 300)}/a/b${index}-${round}`,
      `registry${1 + (index % 49)}.example.com/owner/image${index}-${round}`,
      `library/image${index}-${round}`,
      `ci-${990 + (index % 10)}-${index}-${round}/cache`,
    ];
    return shapes[index % shapes.length];
  });
}

function medianUs(names, owners) {
  const times = Array.from({ length: rounds }, (_, round) => {
    const asked = names(round);
    const begun = performance.now();
    for (const name of asked) owners.of(name);
    return ((performance.now() - begun) * 1_000) / asked.length;
  });
  return times.sort((one, other) => one - other)[(rounds - 1) / 2];
}

const owners = new Owners(patterns, upstreams, "private");
const few = namesOf(1_000, "again");
const rows = {
  "new names": medianUs((round) => namesOf(100_000, round), owners),
  "a thousand repeated names": medianUs(() => Array.from({ length: 100 }, () => few).flat(), owners),
};
for (const [title, microseconds] of Object.entries(rows)) {
  const verdict = microseconds <= limitUs ? "reached" : "missed";
  console.log(`${title.padEnd(34)} ${microseconds.toFixed(2)} µs per lookup  <= ${limitUs} ${verdict}`);
}
