import { contentOf } from "../fake-upstream/content.js";
import { type Fault, header, limited, redirectTo, status, statusOnly } from "../fake-upstream/faults.js";
import { emptyReply, jsonReply, type Reply } from "../fake-upstream/reply.js";
import type { FakeUpstream } from "../fake-upstream.js";
import type { Oddity } from "./oddity.js";

/** Challenges, made from an ordinary one. */
const challenges: Readonly<Record<string, (challenge: string) => string>> = {
  "in lower case": (challenge) => challenge.replace("Bearer", "bearer").replace("realm", "Realm"),
  "without quotes": (challenge) => challenge.replaceAll('"', ""),
  "with spaces around each sign": (challenge) => challenge.replaceAll("=", " = ").replaceAll(",", " , "),
  "behind one for Basic": (challenge) => `Basic realm="Registry, private", ${challenge}`,
  "before one for Basic": (challenge) => `${challenge}, Basic realm="Registry, private"`,
  "behind one for Negotiate": (challenge) => `Negotiate, ${challenge}`,
  "without a service": (challenge) => challenge.replace(/,service="[^"]*"/, ""),
  "without a scope": (challenge) => challenge.replace(/,scope="[^"]*"/, ""),
  "with commas in the description of an error": (challenge) => `${challenge},error_description="no, not a=b"`,
  "with an empty error": (challenge) => `${challenge},error=""`,
  "with a comma at its end": (challenge) => `${challenge},`,
  "with a query in its realm": (challenge) => challenge.replace("/token", "/token?tenant=a%20b&x=1"),
  "with a realm that is a path": (challenge) => challenge.replace(/http:\/\/[^/]+/, ""),
};

const answers: Readonly<Record<string, Fault>> = {
  "as text/plain": header("content-type", "text/plain"),
  "as text/html": header("content-type", "text/html"),
  "with blank lines around": (reply) => ({ ...reply, body: contentOf(`\r\n\r\n${textOf(reply)}\r\n`) }),
  "with expires_in: 0": saying({ expires_in: 0 }),
  "with expires_in: -1": saying({ expires_in: -1 }),
  "with expires_in: null": saying({ expires_in: null }),
  "with expires_in: 300.5": saying({ expires_in: 300.5 }),
  "with expires_in of a million years": saying({ expires_in: 3e13 }),
  "with issued_at in the future": saying({ issued_at: "2099-01-01T00:00:00Z" }),
  "with issued_at of last year": saying({ issued_at: "2025-01-01T00:00:00Z" }),
  "with an empty issued_at": saying({ issued_at: "" }),
  "with an issued_at that is a number": saying({ issued_at: 1_700_000_000 }),
};

const pings: Readonly<Record<string, Fault>> = {
  "404": status(404),
  "403": status(403),
  "500": status(500),
  "429": limited(60),
  "204": statusOnly(204),
  "a page": () => ({ status: 200, headers: { "content-type": "text/html" }, body: contentOf("<h1>Welcome</h1>") }),
  "a redirect to a login page": redirectTo("/login", 302),
  "401 without a challenge": status(401),
  "a challenge for Basic, and all else is open": status(401, { "www-authenticate": 'Basic realm="x"' }),
  "a challenge whose service is gone, and all else is open": status(401, {
    "www-authenticate": 'Bearer realm="http://127.0.0.1:1/token",service="s"',
  }),
};

const oddities: readonly Oddity[] = [
  ...Object.entries(challenges).map(([what, change]): Oddity => {
    const changed: Fault = (reply, request) => {
      const { "www-authenticate": challenge } = reply.headers;
      return challenge === undefined ? reply : header("www-authenticate", change(challenge))(reply, request);
    };
    return { title: `the challenge is ${what}`, auth: "bearer", arrange: always({ host: "registry" }, changed) };
  }),
  ...Object.entries(answers).map(([what, fault]): Oddity => {
    return { title: `the token service answers ${what}`, auth: "bearer", arrange: always({ kind: "token" }, fault) };
  }),
  { title: "tokens are 12 KB long (ACR)", arrange: longTokens },
  ...Object.entries(pings).map(([what, fault]): Oddity => {
    return { title: `/v2/ answers ${what}`, arrange: always({ kind: "ping" }, fault) };
  }),
];

/**
 * Registries whose challenges and tokens are written unusually, or whose `/v2/` answers something else. What clients of
 * the cache get does not depend on it.
 */
export const tokenOddities = oddities.map((oddity): Oddity => ({ ...oddity, notForClients: true }));

function always(...[match, fault]: Parameters<FakeUpstream["faults"]["add"]>): (upstream: FakeUpstream) => undefined {
  return (upstream) => {
    upstream.faults.add(match, fault);
    return undefined;
  };
}

function textOf({ body }: Reply): string {
  return body.slice(0, body.size).toString();
}

function saying(fields: object): Fault {
  return (reply) => jsonReply(200, { ...JSON.parse(textOf(reply)), ...fields });
}

function longTokens(upstream: FakeUpstream): undefined {
  const token = "t".repeat(12_000);
  upstream.faults.add({ kind: "token" }, () => jsonReply(200, { token }));
  upstream.faults.add({ host: "registry" }, (reply, { headers, kind, name }) => {
    if (kind === "token" || kind === "ping" || headers.authorization === `Bearer ${token}`) return reply;
    return emptyReply(401, { "www-authenticate": upstream.tokens.challenge(name) });
  });
  return undefined;
}
