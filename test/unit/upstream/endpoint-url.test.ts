import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseEndpointUrl } from "../../../src/upstream/endpoint-url.js";

for (const text of [
  "https://docker.io",
  "https://index.docker.io/v1/",
  "http://docker.io",
  "https://registry-1.docker.io",
]) {
  test(`${text} is asked at Docker Hub's registry`, () => {
    assert.equal(parseEndpointUrl(text).href, "https://registry-1.docker.io/");
  });
}

test("a path is kept, query and fragment are not", () => {
  assert.equal(parseEndpointUrl("https://host:8443/prefix/?a=b#c").href, "https://host:8443/prefix");
});

test("slashes at the end, and the /v2/ of the API, may be written or not", () => {
  for (const text of ["https://host", "https://host/", "https://host//", "https://host/v2", "https://host/v2/"]) {
    assert.equal(parseEndpointUrl(text).href, "https://host/");
  }
  assert.equal(parseEndpointUrl("https://host/prefix/v2/").href, "https://host/prefix");
});
