import { setTimeout as delay } from "node:timers/promises";
import { contentOf } from "../fake-upstream/content.js";
import { type Fault, header, limited, redirectTo, status } from "../fake-upstream/faults.js";
import { emptyReply } from "../fake-upstream/reply.js";
import type { FakeUpstream } from "../fake-upstream.js";
import type { Attempt, OddImage, Oddity } from "./oddity.js";

/** Redirects to the place of a blob. */
const redirects: Readonly<Record<string, (place: string) => Fault>> = {
  "by 301": (place) => redirectTo(place, 301),
  "by 302": (place) => redirectTo(place, 302),
  "by 303": (place) => redirectTo(place, 303),
  "by 308": (place) => redirectTo(place, 308),
  "to //host/path": (place) => redirectTo(place.replace("http:", "")),
  "to an address with a fragment": (place) => redirectTo(`${place}#part`),
  "to an address in upper case": (place) => redirectTo(place.replace("http://", "HTTP://")),
  "to an address with blanks around": (place) => redirectTo(` ${place} `),
  "with a long page as its body": (place) => () => ({
    status: 307,
    headers: { location: place, "content-type": "text/html" },
    body: contentOf(`<a href="${place}">moved</a>`.padEnd(100_000)),
  }),
};

/** What each resource gets once. */
const failures: Readonly<Record<string, Fault>> = {
  "429 and Retry-After: 1": limited(1),
  "429 without Retry-After (ECR Public, GHCR)": status(429),
  "503 and Retry-After: 1": status(503, { "retry-after": "1" }),
  "502 and a page": () => ({ status: 502, headers: {}, body: contentOf("<h1>Bad Gateway</h1>") }),
  "500": status(500),
  "401 without a challenge": status(401),
};

const digests: Readonly<Record<string, (digest: string) => string>> = {
  "in quotes": (digest) => `"${digest}"`,
  "in upper case": (digest) => digest.toUpperCase().replace("SHA256", "sha256"),
  "that of something else": () => `sha256:${"1".repeat(64)}`,
  "a word": () => "latest",
};

const oddities: readonly Oddity[] = [
  ...Object.entries(redirects).map(([how, redirect]) => redirected(how, redirect)),
  ...[5, 9].map(redirectedOften),
  {
    title: "manifests are redirected to another path of the registry",
    auth: "bearer",
    arrange: (upstream) => {
      upstream.faults.add({ kind: "manifest" }, (reply, { path, query }) =>
        query.has("there") || reply.status !== 200 ? reply : emptyReply(307, { location: `${path}?there=1` }),
      );
      return undefined;
    },
  },
  ...(["token", "manifest", "blob"] as const).flatMap((kind) =>
    Object.entries(failures).map(([what, failure]) => failingOnce(kind, what, failure)),
  ),
  {
    title: "the host of blobs refuses the first request for each with 403 (its signature has expired)",
    arrange: (upstream) => {
      upstream.redirectBlobs();
      upstream.faults.add({ host: "cdn" }, once(status(403)));
      return undefined;
    },
    attempt: pullPatiently,
  },
  ...Object.entries(digests).map(([what, change]): Oddity => {
    const claimed: Fault = (reply, request) => {
      const { "docker-content-digest": digest } = reply.headers;
      return digest === undefined ? reply : header("docker-content-digest", change(digest))(reply, request);
    };
    return {
      title: `the digest in the headers of manifests is ${what}`,
      arrange: (upstream) => {
        upstream.faults.add({ kind: "manifest" }, claimed);
        return undefined;
      },
    };
  }),
];

/**
 * Registries that redirect unusually, fail for a moment, or claim something else than they send. What clients of the
 * cache get does not depend on it.
 */
export const redirectOddities = oddities.map((oddity): Oddity => ({ ...oddity, notForClients: true }));

function redirected(how: string, redirect: (place: string) => Fault): Oddity {
  return {
    title: `blobs are redirected ${how}`,
    arrange: (upstream) => {
      upstream.faults.add({ host: "registry", kind: "blob" }, (reply, request) =>
        redirect(placeOf(upstream, request))(reply, request),
      );
      return undefined;
    },
  };
}

function redirectedOften(times: number): Oddity {
  return {
    title: `blobs are redirected ${times} times`,
    arrange: (upstream) => {
      upstream.faults.add({ host: "registry", kind: "blob" }, (_, request) => {
        const hop = Number(request.query.get("hop") ?? 0) + 1;
        return emptyReply(307, {
          location: hop === times ? placeOf(upstream, request) : `${request.path}?hop=${hop}`,
        });
      });
      return undefined;
    },
  };
}

function placeOf({ cdnOrigin }: FakeUpstream, { name, reference }: { name: string; reference: string }): string {
  return `${cdnOrigin}/cdn/${name}/${reference}`;
}

function failingOnce(kind: "token" | "manifest" | "blob", what: string, failure: Fault): Oddity {
  return {
    title: `a ${kind} gets ${what} once`,
    auth: "bearer",
    arrange: (upstream) => {
      upstream.faults.add({ kind, method: "GET" }, once(failure));
      return undefined;
    },
    attempt: pullPatiently,
  };
}

/** The first right answer to each address is another one. */
function once(failure: Fault): Fault {
  const failed = new Set<string>();
  return (reply, request) => {
    const key = `${request.path}?${request.query}`;
    if (reply.status !== 200 || failed.has(key)) return reply;
    failed.add(key);
    return failure(reply, request);
  };
}

const triesOfClient = 4;
const pauseOfClientMs = 1_500;

/** As clients that try again after a moment. */
async function pullPatiently({ images, pull }: Attempt): Promise<void> {
  const pullAgain = async (image: OddImage, left: number): Promise<void> => {
    try {
      await pull(image);
    } catch (error) {
      if (left === 1) throw error;
      await delay(pauseOfClientMs);
      await pullAgain(image, left - 1);
    }
  };
  for (const image of images) await pullAgain(image, triesOfClient);
}
