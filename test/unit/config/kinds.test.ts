import assert from "node:assert/strict";
import { syncBuiltinESMExports } from "node:module";
import os, { homedir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { hostName, network, origin, pathPrefix, registryUrl } from "../../../src/config/address-kinds.js";
import { diskPart } from "../../../src/config/disk-part.js";
import {
  duration,
  filePath,
  type Kind,
  listOf,
  oneOf,
  size,
  text,
  truth,
  wholeNumber,
} from "../../../src/config/kinds.js";
import { nameComponent, registryName } from "../../../src/config/name-kinds.js";

/** The accepted values, in the order in which they were offered. */
function taken(kind: Kind<unknown>, ...offered: unknown[]): unknown[] {
  return offered.filter((written) => kind.parse(written, "/srv") !== undefined);
}

test("a whole number stays within its range, and may be written as text", () => {
  const port = wholeNumber(0, 65_535);
  assert.equal(port.parse(5000, "/"), 5000);
  assert.equal(port.parse("5000", "/"), 5000);
  assert.deepEqual(
    taken(port, 0, 65_535, -1, 65_536, 1.5, Number.NaN, "", " 5", "0x10", "1e3", true, null, [1]),
    [0, 65_535],
  );
});

test("a boolean is true or false in words, and not a number", () => {
  assert.equal(truth.parse("false", "/"), false);
  assert.deepEqual(taken(truth, true, "true", false, "maybe", 1, 0, "1", "", null), [true, "true", false]);
});

test("text is not accepted as a number, since YAML has already dropped leading zeros", () => {
  assert.deepEqual(taken(text, "0123", 123, "", true, null), ["0123"]);
});

test("a relative path starts at the folder that Berth runs in", () => {
  assert.equal(filePath.parse("./data", "/srv"), "/srv/data");
  assert.equal(filePath.parse("/var/lib/berth", "/srv"), "/var/lib/berth");
  assert.deepEqual(taken(filePath, "", 5, "a\0b"), []);
});

test("a host is an address or a name, without a port", () => {
  const hosts = ["127.0.0.1", "0.0.0.0", "::", "::1", "localhost", "registry-1.example.com"];
  assert.deepEqual(taken(hostName, ...hosts), hosts);
  assert.deepEqual(
    taken(hostName, "", "127.0.0.1:5000", "[::1]:5000", "[a]", ["a"], ":5000", "1.2.3", "http://a", "a b", "*", 0),
    [],
  );
});

test("a host may have the brackets of URLs, which YAML reads as a list", () => {
  for (const host of ["::1", "::", "2001:db8::", "fe80::1%eth0"]) {
    assert.equal(hostName.parse(`[${host}]`, ""), host);
    assert.equal(hostName.parse(parse(`[${host}]`), ""), host);
  }
});

test("a network is an address, or one with a matching prefix length", () => {
  const networks = ["10.0.0.1", "10.0.0.0/8", "::1", "fd00::/8", "0.0.0.0/0", "2001:db8::/128"];
  assert.deepEqual(taken(network, ...networks), networks);
  assert.deepEqual(
    taken(network, "10.0.0.0/33", "::/129", "10.0.0", "nginx", "10.0.0.0/8/8", "10.0.0.0/", "fe80::1%eth0", ""),
    [],
  );
});

test("an origin is exactly what a browser sends, or *", () => {
  const origins = ["*", "https://ui.example.com", "http://localhost:8080", "https://[::1]:8443"];
  assert.deepEqual(taken(origin, ...origins), origins);
  const wrong = [
    "https://ui.example.com/",
    "https://ui.example.com/x",
    "ui.example.com",
    "https://a:443",
    "null",
    "ftp://a",
  ];
  assert.deepEqual(taken(origin, ...wrong), []);
});

test("the name of a registry is its host in lower case, with or without a port", () => {
  const names = ["docker.io", "localhost", "localhost:5000", "127.0.0.1:5000", "my-registry.example.com", "a:65535"];
  assert.deepEqual(taken(registryName, ...names), names);
  const wrong = ["", "Docker.io", "https://docker.io", "docker.io/", "a:", "a:0", "a:65536", "a..b", "-a", "a.", "*"];
  assert.deepEqual(taken(registryName, ...wrong, "a b", "a_b", 5, null), []);
});

test("a prefix is one component of a repository name", () => {
  const prefixes = ["docker.io", "hub", "a_b", "a__b", "a--b", "0"];
  assert.deepEqual(taken(nameComponent, ...prefixes), prefixes);
  assert.deepEqual(taken(nameComponent, "", "a/b", "A", "a:5", "_a", "a_", "a___b", "a..b", "..", "_catalog", 5), []);
});

test("the URL of a registry is http or https, and has neither credentials nor a query", () => {
  const addresses = ["https://registry-1.docker.io", "http://127.0.0.1:5000/", "https://[::1]:5000/prefix"];
  assert.deepEqual(taken(registryUrl, ...addresses), addresses);
  const wrong = ["registry-1.docker.io", "ftp://a", "https://", "https://u:p@a", "https://u@a", "https://a/?x=1"];
  assert.deepEqual(taken(registryUrl, ...wrong, "https://a#x", "https://a b", "https://a:99999", 5, null), []);
});

test("a choice accepts only its words", () => {
  assert.deepEqual(taken(oneOf("text", "json"), "text", "json", "TEXT", "xml", ""), ["text", "json"]);
});

test("durations and sizes stay within their ranges", () => {
  assert.deepEqual(taken(duration({ from: "1s", to: "24d" }), "1s", "24d", "999ms", "25d", 60), ["1s", "24d"]);
  assert.deepEqual(taken(size({ from: "1KiB", to: "1MiB" }), "1KiB", 1024, "1MiB", 1023, "2MiB", true), [
    "1KiB",
    1024,
    "1MiB",
  ]);
});

test("a path before all others has no slash at the end, and is none of Berth's own", () => {
  assert.equal(pathPrefix.parse("/registry/", ""), "/registry");
  assert.equal(pathPrefix.parse("/apps/registry-1.x", ""), "/apps/registry-1.x");
  assert.deepEqual(
    taken(pathPrefix, "", "/", "registry", "/a//b", "/../a", "/a/..", "/a b", "/v2", "/v2/a", "/ui/", "/healthz", 5),
    [],
  );
});

test("a part of a disk is a size, or a percentage from 0.1 to 90", () => {
  assert.deepEqual(diskPart.parse("20GiB", ""), { bytes: 20 * 1024 ** 3 });
  assert.deepEqual(diskPart.parse(2_000_000, ""), { bytes: 2_000_000 });
  assert.deepEqual(diskPart.parse("10%", ""), { share: 0.1 });
  assert.deepEqual(diskPart.parse("12.5 %", ""), { share: 0.125 });
  assert.deepEqual(taken(diskPart, "0%", "91%", "100%", "-5%", "ten%", "%", "1", "5", null, true), []);
});

test("a list may be written as text with commas, and one invalid item makes all of it invalid", () => {
  const list = listOf(network);
  assert.deepEqual(list.parse(["10.0.0.0/8", "::1"], "/"), ["10.0.0.0/8", "::1"]);
  assert.deepEqual(list.parse("10.0.0.0/8, ::1", "/"), ["10.0.0.0/8", "::1"]);
  assert.deepEqual(list.parse([], "/"), []);
  assert.deepEqual(taken(list, ["10.0.0.0/8", "nginx"], "10.0.0.0/8,", { 0: "::1" }, null, 5), []);
});

test("a path may begin with ~, the home folder; what a shell would expand is refused", () => {
  assert.equal(filePath.parse("~/registry", "/work"), join(homedir(), "registry"));
  assert.equal(filePath.parse("~", "/work"), homedir());
  assert.equal(filePath.parse("data~/x", "/work"), "/work/data~/x");
  assert.equal(filePath.parse("a$b", "/work"), "/work/a$b");
  for (const path of ["$HOME/registry", `$${"{HOME}"}/registry`, "/srv/$NAME", `/srv/a$${"{NAME}"}`, "~anna/x"]) {
    assert.equal(filePath.parse(path, "/work"), undefined, path);
    assert.match(filePath.adviceFor?.(path) ?? "", /write the path out/);
  }
});

test("a user without a home folder can use every path that does not begin with ~", (t) => {
  // What Node does for a user who has neither HOME nor an entry in the file of users.
  t.mock.method(os, "homedir", () => {
    throw new Error("uv_os_homedir returned ENOENT");
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  assert.equal(filePath.parse("./data", "/srv"), "/srv/data");
  assert.equal(filePath.parse("~/registry", "/srv"), undefined);
  assert.match(filePath.adviceFor?.("~/registry") ?? "", /no home folder/);
});

test("YAML 1.1's words for true and false are accepted in any case", () => {
  for (const word of ["true", "yes", "on", "y", "Yes", "TRUE", "On"]) assert.equal(truth.parse(word, ""), true, word);
  for (const word of ["false", "no", "off", "n", "No", "OFF"]) assert.equal(truth.parse(word, ""), false, word);
  for (const word of ["", "1", "maybe", "yes please", 1, null]) assert.equal(truth.parse(word, ""), undefined);
});
