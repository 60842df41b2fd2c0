import { gzipSync } from "node:zlib";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { contentOf } from "../fake-upstream/content.js";
import { type Fault, redirectTo, status, statusOnly } from "../fake-upstream/faults.js";
import { emptyReply, jsonReply, type Reply } from "../fake-upstream/reply.js";
import type { FakeRequest } from "../fake-upstream/request.js";
import { FakeUpstream } from "../fake-upstream.js";
import type { Oddity } from "./oddity.js";

const login = { username: "berth", password: "correct horse" };

/** Registries with unusual tokens and logins. */
export const loginOddities: readonly Oddity[] = [
  ...[404, 403].flatMap((code) => [hiding("basic", code), hiding("bearer", code)]),
  ...[401, 403, 400].map(endedToken),
  tokens('token: "" beside access_token', (answer) => ({ token: "", access_token: answer.token, expires_in: 300 })),
  tokens("access_token alone", (answer) => ({ access_token: answer.token, expires_in: 300 })),
  tokens("token: null beside access_token", (answer) => ({ token: null, access_token: answer.token })),
  tokens("expires_in as text", (answer) => ({ token: answer.token, expires_in: "300" })),
  tokenService("with the status 201", statusOnly(201)),
  tokenService("compressed", (reply) => ({
    ...reply,
    headers: { ...reply.headers, "content-encoding": "gzip" },
    body: contentOf(gzipSync(reply.body.slice(0, reply.body.size))),
  })),
  {
    title: "the token service redirects to another of its paths (308)",
    auth: "bearer",
    arrange: (upstream) => {
      upstream.faults.add({ kind: "token" }, redirectedOnce(upstream));
      return undefined;
    },
  },
  {
    title: "only the challenge gives the scope, which names no repository (public.ecr.aws)",
    arrange: (upstream) => {
      const challenge = `Bearer realm="${upstream.origin}/token-of/all",service="s",scope="aws"`;
      upstream.faults.add(
        { host: "registry" },
        guarded(
          () => challenge,
          "all",
          (scopes) => scopes.includes("aws"),
        ),
      );
      return undefined;
    },
  },
  {
    title: "each repository has its own token service",
    arrange: (upstream) => {
      const serviceOf = (name: string) => name.replaceAll("/", "-");
      const challenge = (name: string) => `Bearer realm="${upstream.origin}/token-of/${serviceOf(name)}",service="s"`;
      upstream.faults.add({ host: "registry" }, guardedByName(challenge, serviceOf));
      return undefined;
    },
  },
  ...(["bearer", "basic"] as const).map(presigned),
  {
    title: "the registry redirects everything to another registry, which wants its own anonymous token",
    arrange: async (upstream, scope) => {
      const other = await FakeUpstream.start(scope, { auth: "bearer", address: "127.0.0.2" });
      upstream.faults.add({ host: "registry" }, (reply, { path, kind }) =>
        kind === "ping" ? reply : emptyReply(307, { location: other.origin + path }),
      );
      return other;
    },
  },
];

function hiding(auth: "basic" | "bearer", code: number): Oddity {
  return {
    title: `anonymous clients (${auth}) get ${code} for private content, and a challenge only at /v2/`,
    auth,
    login,
    arrange: (upstream) => {
      upstream.tokens.logins.set(login.username, login.password);
      upstream.tokens.isLoginRequired = true;
      const hide: Fault = (reply, { kind }) => (reply.status === 401 && kind !== "ping" ? emptyReply(code) : reply);
      upstream.faults.add({ host: "registry", kind: "manifest" }, hide);
      upstream.faults.add({ host: "registry", kind: "blob" }, hide);
      upstream.faults.add({ kind: "ping" }, admitWithToken(upstream));
      return undefined;
    },
  };
}

/** `/v2/` belongs to no repository, so any token is accepted there. */
function admitWithToken({ tokens }: FakeUpstream): Fault {
  return (reply, { headers }) => {
    if (reply.status === 401 && headers.authorization?.startsWith("Bearer ")) return jsonReply(200, {});
    if (reply.status !== 401 || reply.headers["www-authenticate"]?.startsWith("Basic")) return reply;
    return emptyReply(401, { "www-authenticate": `Bearer realm="${tokens.realm}",service="${tokens.service}"` });
  };
}

function endedToken(code: number): Oddity {
  return {
    title: `a token that expires early is refused with ${code}`,
    auth: "bearer",
    notForClients: true,
    arrange: (upstream) => {
      upstream.faults.add({ host: "registry" }, (reply, { headers, kind }) =>
        reply.status === 401 && headers.authorization !== undefined && kind !== "token" ? refusal(reply, code) : reply,
      );
      return undefined;
    },
    attempt: async ({ client, upstream, images, pull }) => {
      for (const image of images) {
        await client.get(`/v2/${image.name}/manifests/v1`, { accept: mediaTypes.ociManifest });
        upstream.tokens.revokeAll();
        await pull(image);
      }
    },
  };
}

function refusal(reply: Reply, code: number): Reply {
  return code === 401 ? reply : jsonReply(code, { errors: [{ code: "DENIED", message: "Your token is invalid." }] });
}

function tokens(what: string, change: (answer: { token: string }) => object): Oddity {
  return tokenService(`with ${what}`, (reply) => {
    const { token, access_token } = JSON.parse(reply.body.slice(0, reply.body.size).toString());
    return jsonReply(200, change({ token: token ?? access_token }));
  });
}

function tokenService(what: string, fault: Fault): Oddity {
  return {
    title: `the token service answers ${what}`,
    auth: "bearer",
    arrange: (upstream) => {
      upstream.faults.add({ kind: "token" }, fault);
      return undefined;
    },
  };
}

function redirectedOnce(upstream: FakeUpstream): Fault {
  return (reply, request) => {
    if (request.query.has("again")) return reply;
    const query = new URLSearchParams(request.query);
    query.set("again", "yes");
    return redirectTo(`${upstream.origin}/token?${query}`, 308)(reply, request);
  };
}

/** One token, `token-KEY`, is accepted; a service at `/token-of/KEY` issues it if the scopes are right. */
function guarded(challenge: (name: string) => string, key: string, suits: (scopes: string[]) => boolean): Fault {
  return (reply, request) => {
    if (request.path === `/token-of/${key}`) {
      return suits(request.query.getAll("scope")) ? jsonReply(200, { token: `token-${key}` }) : emptyReply(400);
    }
    if (request.headers.authorization === `Bearer token-${key}`) return reply;
    return emptyReply(401, { "www-authenticate": challenge(request.name) });
  };
}

function guardedByName(challenge: (name: string) => string, serviceOf: (name: string) => string): Fault {
  return (reply, request: FakeRequest) => {
    const key = request.path.startsWith("/token-of/")
      ? request.path.slice("/token-of/".length)
      : serviceOf(request.name);
    if (request.kind === "ping") return reply;
    const suits = (scopes: string[]) => scopes.some((scope) => serviceOf(scope).includes(`:${key}:`));
    return guarded(challenge, key, suits)(reply, request);
  };
}

/** As MinIO behind the same nginx: a second authentication in addition to the signature is refused. */
function presigned(auth: "basic" | "bearer"): Oddity {
  return {
    title: `blobs are redirected to a presigned URL on the same host (${auth})`,
    auth,
    ...(auth === "basic" && { login }),
    arrange: (upstream) => {
      upstream.tokens.logins.set(login.username, login.password);
      upstream.faults.add({ host: "registry", kind: "blob" }, (reply, { name, reference }) =>
        reply.status === 200 || reply.status === 206
          ? emptyReply(307, { location: `/bucket/${name}/${reference}?X-Amz-Signature=abc` })
          : reply,
      );
      upstream.faults.add({ host: "registry", kind: "other" }, fromBucket(upstream));
      return undefined;
    },
  };
}

function fromBucket({ store }: FakeUpstream): Fault {
  return (reply, request) => {
    const [, name = "", digest = ""] = /^\/bucket\/(.+)\/([^/]+)$/.exec(request.path) ?? [];
    if (request.headers.authorization !== undefined) return status(400)(reply, request);
    const body = store.findBlob(name, digest);
    return body ? { status: 200, headers: { "content-type": "binary/octet-stream" }, body } : emptyReply(404);
  };
}
