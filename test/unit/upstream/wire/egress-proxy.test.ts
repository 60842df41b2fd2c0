import { strict as assert } from "node:assert";
import { test } from "node:test";
import { egressProxyFor } from "../../../../src/upstream/wire/egress-proxy.js";

const secure = { HTTPS_PROXY: "http://proxy:3128" };

function proxyOf(url: string, environment: Record<string, string>): string | undefined {
  return egressProxyFor(new URL(url), environment)?.host;
}

test("https and http have separate proxies, named in either case", () => {
  const environment = { HTTPS_PROXY: "http://secure:1", http_proxy: "plain:2" };
  assert.equal(proxyOf("https://ghcr.io", environment), "secure:1");
  assert.equal(proxyOf("http://ghcr.io", environment), "plain:2");
  assert.equal(proxyOf("http://ghcr.io", secure), undefined);
});

test("requests to this machine never use a proxy", () => {
  for (const url of ["https://localhost:5000", "https://127.0.0.1", "https://127.1.2.3", "https://[::1]:443"]) {
    assert.equal(proxyOf(url, secure), undefined);
  }
});

for (const [entry, url] of [
  ["*", "https://ghcr.io"],
  ["ghcr.io", "https://ghcr.io"],
  ["GHCR.io", "https://ghcr.io"],
  ["example.com", "https://registry.example.com"],
  [".example.com", "https://registry.example.com"],
  ["*.example.com", "https://registry.example.com"],
  ["a, ghcr.io ,b", "https://ghcr.io"],
  ["ghcr.io:443", "https://ghcr.io"],
  ["ghcr.io:5000", "https://ghcr.io:5000"],
  ["10.0.0.0/8", "https://10.1.2.3"],
  ["10.1.2.3", "https://10.1.2.3"],
  ["fd00::/8", "https://[fd12::1]"],
  ["[fd12::1]:443", "https://[fd12::1]"],
] as const) {
  test(`NO_PROXY=${entry} leaves ${url} out`, () => {
    assert.equal(proxyOf(url, { ...secure, NO_PROXY: entry }), undefined);
  });
}

for (const [entry, url] of [
  ["", "https://ghcr.io"],
  ["hcr.io", "https://ghcr.io"],
  [".ghcr.io", "https://ghcr.io"],
  ["ghcr.io:5000", "https://ghcr.io"],
  ["ghcr.io.evil.com", "https://ghcr.io"],
  ["10.0.0.0/8", "https://11.1.2.3"],
  ["10.0.0.0/99", "https://10.1.2.3"],
  ["10.0.0.0/8", "https://ghcr.io"],
  [":443", "https://ghcr.io"],
] as const) {
  test(`NO_PROXY=${entry} does not leave ${url} out`, () => {
    assert.equal(proxyOf(url, { ...secure, no_proxy: entry }), "proxy:3128");
  });
}

test("a SOCKS proxy is refused in a sentence that names the variable", () => {
  for (const scheme of ["socks", "socks4", "socks5", "socks5h"]) {
    const environment = { https_proxy: `${scheme}://proxy:1080`, ALL_PROXY: "socks5://proxy:1080" };
    assert.throws(() => proxyOf("https://ghcr.io", environment), {
      message: "HTTPS_PROXY names a SOCKS proxy, which Berth cannot use; name an HTTP proxy, or unset it",
    });
    assert.equal(proxyOf("http://ghcr.io", environment), undefined);
  }
});
