import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseChallenges } from "../../../../src/upstream/auth/challenge.js";

function parsed(header: string): [scheme: string, parameters: Record<string, string>][] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

test("Docker Hub's challenge is parsed", () => {
  const header =
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull"';
  assert.deepEqual(parsed(header), [
    [
      "bearer",
      {
        realm: "https://auth.docker.io/token",
        service: "registry.docker.io",
        scope: "repository:library/debian:pull",
      },
    ],
  ]);
});

test("commas and equals signs inside quotes belong to the value", () => {
  assert.deepEqual(parsed('Bearer scope="repository:a:pull,push",realm="https://a/?x=1,2"'), [
    ["bearer", { scope: "repository:a:pull,push", realm: "https://a/?x=1,2" }],
  ]);
});

test("several challenges are separated, in one header or joined from several", () => {
  assert.deepEqual(parsed('Basic realm="a, b", Bearer realm="c" , service = d,Negotiate'), [
    ["basic", { realm: "a, b" }],
    ["bearer", { realm: "c", service: "d" }],
    ["negotiate", {}],
  ]);
});

test("names and schemes are parsed in any case, quoted characters are unquoted", () => {
  assert.deepEqual(parsed('BEARER Realm="say \\"hi\\"", SERVICE=x'), [["bearer", { realm: 'say "hi"', service: "x" }]]);
});

test("the first of two equal parameters counts", () => {
  assert.deepEqual(parsed('Bearer realm="good",realm="evil"'), [["bearer", { realm: "good" }]]);
});

test("an invalid header gives nothing, or what came before the error", () => {
  for (const header of ["", "   ", ",,,", '"', "=", 'realm="a"']) assert.deepEqual(parsed(header), []);
  assert.deepEqual(parsed('Bearer realm="open'), [["bearer", {}]]);
  assert.deepEqual(parsed('Bearer realm="a",\u0000'), [["bearer", { realm: "a" }]]);
});

test("property names of JavaScript objects are names like others", () => {
  const [challenge] = parseChallenges('Bearer __proto__="a",constructor="b"');
  assert.equal(challenge?.parameters.get("__proto__"), "a");
  assert.equal(challenge?.parameters.get("realm"), undefined);
});
