import { gzipSync } from "node:zlib";
import { type Fault, hangUp, header, status } from "../fake-upstream/faults.js";
import type { FakeUpstream } from "../fake-upstream.js";
import type { Oddity } from "./oddity.js";

const blobHeads: Readonly<Record<string, Fault>> = {
  "401 and a challenge that cannot be met (ECR Public)": status(401, {
    "www-authenticate": 'Bearer realm="http://127.0.0.1:1/token",service="s"',
  }),
  "403 (URLs signed for GET)": status(403),
  "404 (Harbor's proxy cache)": status(404),
  "405": status(405),
  "500": status(500),
  "501": status(501),
  "nothing: the connection is cut": hangUp,
  "200 without a length": header("content-length", ""),
  "200 with the length 0": header("content-length", "0"),
  "200 with a wrong length": header("content-length", "7"),
};

const tagHeads: Readonly<Record<string, Fault>> = {
  "400": status(400),
  "401 without a challenge": status(401),
  "403": status(403),
  "404": status(404),
  "405": status(405),
  "406": status(406),
  "500": status(500),
  "nothing: the connection is cut": hangUp,
  "200 without a digest": header("docker-content-digest", ""),
  "200 with the length 0": header("content-length", "0"),
  "200 with the length of the compressed form": (reply, request) => {
    const compressed = gzipSync(reply.body.slice(0, reply.body.size)).length;
    return header("content-length", String(compressed))(reply, request);
  },
};

/** Registries whose HEAD and GET differ, or that have content by tag and not by digest. */
export const headOddities: readonly Oddity[] = [
  ...Object.entries(blobHeads).map(([answer, fault]) => ({
    title: `HEAD of a blob gets ${answer}`,
    arrange: plan((upstream) => upstream.faults.add({ kind: "blob", method: "HEAD" }, fault)),
  })),
  ...Object.entries(tagHeads).map(([answer, fault]) => ({
    title: `HEAD of a tag gets ${answer}`,
    arrange: plan((upstream) => upstream.faults.add({ kind: "manifest", method: "HEAD" }, fault)),
  })),
  {
    title: "a manifest gets 404 by digest, and 200 by tag (GitLab's dependency proxy)",
    arrange: plan((upstream) => upstream.faults.add({ kind: "manifest", by: "digest" }, status(404))),
  },
  {
    title: "a manifest by digest gets 404 until its tag was requested by GET (ECR's pull-through cache)",
    arrange: plan((upstream) => upstream.faults.add({ kind: "manifest", by: "digest" }, untilTagIsRead(upstream))),
  },
];

function plan(faults: (upstream: FakeUpstream) => unknown): (upstream: FakeUpstream) => undefined {
  return (upstream) => {
    faults(upstream);
    return undefined;
  };
}

function untilTagIsRead(upstream: FakeUpstream): Fault {
  return (reply, request) => {
    const isRead = upstream.ledger.count({ kind: "manifest", method: "GET", by: "tag", name: request.name }) > 0;
    return isRead ? reply : status(404)(reply, request);
  };
}
