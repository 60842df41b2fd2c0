import { type Fault, gzipped, header, statusOnly } from "../fake-upstream/faults.js";
import type { RequestKind } from "../fake-upstream/request.js";
import type { Oddity } from "./oddity.js";

/** An intact body, whatever the headers say. */
const encoding = (name: string) => header("content-encoding", name);
const withoutLength: Fault = header("content-length", "");
const type = (mediaType: string) => header("content-type", mediaType);
const bigHeaders: Fault = header("content-security-policy", "x".repeat(21_000));

const blobs: Readonly<Record<string, readonly Fault[]>> = {
  "have the type text/html (nginx without a type)": [type("text/html; charset=utf-8")],
  "have the type text/html and no length": [type("text/html; charset=utf-8"), withoutLength],
  "have the type application/json": [type("application/json")],
  "have no type": [type("")],
  "have no length": [withoutLength],
  "have the encoding aws-chunked but are plain (S3)": [encoding("aws-chunked")],
  "have the encoding gzip but are plain (Google Cloud Storage)": [encoding("gzip")],
  "have the encoding x-gzip but are plain (Apache)": [encoding("x-gzip")],
  "have the encoding utf-8 but are plain": [encoding("utf-8")],
  "are compressed in transit": [gzipped],
  "are compressed in transit, without a length": [gzipped, withoutLength],
  "come with 21 KB of headers": [bigHeaders],
  "have the status 203": [statusOnly(203)],
};

const manifests: Readonly<Record<string, readonly Fault[]>> = {
  "are compressed in transit (a CDN)": [gzipped],
  "are compressed in transit, without a length": [gzipped, withoutLength],
  "have the encoding gzip but are plain": [encoding("gzip")],
  "have no length": [withoutLength],
  "have no digest in the headers": [header("docker-content-digest", "")],
  "have the type text/html": [type("text/html")],
  "have the type application/json": [type("application/json")],
  "have a type with a charset": [type("application/vnd.oci.image.manifest.v1+json; charset=utf-8")],
  "come with 21 KB of headers": [bigHeaders],
  "have the status 203 (a transforming proxy)": [statusOnly(203)],
};

/** Registries that send the right bytes, as the digest proves, with odd headers or in an encoding. */
export const bodyOddities: readonly Oddity[] = [...odd("blob", blobs), ...odd("manifest", manifests)];

function odd(kind: RequestKind, answers: Readonly<Record<string, readonly Fault[]>>): Oddity[] {
  return Object.entries(answers).map(([what, faults]) => ({
    title: `${kind}s ${what}`,
    arrange: (upstream) => {
      for (const fault of faults) upstream.faults.add({ kind }, fault);
      return undefined;
    },
  }));
}
