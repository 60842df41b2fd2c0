interface Reached {
  /** Of the registry, such as `registry.example.com:5000`. */
  readonly address: string;
  readonly authorityFile: string;
}

/** The settings that each client needs to trust a private authority. */
export function clientLines({ address, authorityFile }: Reached): string[] {
  return [
    "On each client, with ca.crt copied to it:",
    "",
    "  docker (no restart)",
    `    /etc/docker/certs.d/${address}/ca.crt`,
    "  podman, buildah, skopeo, CRI-O",
    `    /etc/containers/certs.d/${address}/ca.crt`,
    "  containerd, nerdctl, Kubernetes",
    `    /etc/containerd/certs.d/${address}/hosts.toml:`,
    `      server = "https://${address}"`,
    `      [host."https://${address}"]`,
    '        capabilities = ["pull", "resolve", "push"]',
    '        ca = "/etc/containerd/certs.d/berth-ca.crt"',
    "  BuildKit, docker buildx (restart buildkitd)",
    "    /etc/buildkit/buildkitd.toml:",
    `      [registry."${address}"]`,
    '        ca = ["/etc/buildkit/berth-ca.crt"]',
    "  crane, oras, regctl, helm, cosign",
    "    SSL_CERT_FILE=ca.crt in their environment, or add the authority to those of the system:",
    "    cp ca.crt /usr/local/share/ca-certificates/berth.crt && update-ca-certificates",
    "  curl",
    `    curl --cacert ca.crt https://${address}/v2/`,
    "",
    `"berth setup CLIENT --address ${address} --ca ${authorityFile} --write" writes these files, mirrors included.`,
  ];
}
