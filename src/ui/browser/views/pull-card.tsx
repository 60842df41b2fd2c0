import { useState } from "preact/hooks";
import type { Image } from "../api/content-answers.js";
import type { Caller } from "../api/registry-answers.js";
import { Copyable } from "../parts/copy.js";
import { Segments } from "../parts/segments.js";
import { addressOf } from "../registry-address.js";

interface PullCardProps {
  readonly image: Image;
  readonly reference: string;
  readonly caller: Caller;
}

const clients = {
  Docker: (name: string) => `docker pull ${name}`,
  Podman: (name: string) => `podman pull ${name}`,
  containerd: (name: string) => `nerdctl pull ${name}`,
  ctr: (name: string) => `sudo ctr images pull ${name}`,
  Dockerfile: (name: string) => `FROM ${name}`,
} as const;

const artifactClients = {
  oras: (name: string) => `oras pull ${name}`,
  crane: (name: string) => `crane manifest ${name}`,
} as const;

/** The commands that pull an image, by its tag, which may move, or by its digest, which never does. */
export function PullCard({ image, reference, caller }: PullCardProps) {
  const known: Readonly<Record<string, (name: string) => string>> =
    image.kind === "artifact" ? artifactClients : clients;
  const names = Object.keys(known);
  const [client, setClient] = useState(names[0] ?? "");
  const [isByDigest, setByDigest] = useState(reference.includes(":"));
  const tag = reference.includes(":") ? image.tags[0] : reference;
  const name = `${addressOf(caller)}/${image.repository}`;
  const full = isByDigest || tag === undefined ? `${name}@${image.digest}` : `${name}:${tag}`;
  return (
    <section class="card padded stack tight" aria-label="Pull this image">
      <div class="row spread">
        <Segments
          label="Client"
          segments={names.map((label) => ({ label, isOn: label === client, choose: () => setClient(label) }))}
        />
        {tag !== undefined && (
          <Segments
            label="Name"
            segments={[
              { label: "By tag", isOn: !isByDigest, choose: () => setByDigest(false) },
              { label: "By digest", isOn: isByDigest, choose: () => setByDigest(true) },
            ]}
          />
        )}
      </div>
      <Copyable text={known[client]?.(full) ?? full} what="pull command" />
    </section>
  );
}
