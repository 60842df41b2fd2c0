import { type ClientSetup, ownFile, ownProgram, type SetupFile } from "./client-setup.js";
import type { RegistryToReach } from "./registry-to-reach.js";

const plugin = "berth-credential-provider";
const pluginFolder = "/usr/local/libexec/kubelet-credential-providers";
const configPath = `/etc/kubernetes/${plugin}.yaml`;
const audience = "berth";

/** For the kubelet, which logs in with the service account of the pulling pod: no secret is stored (KEP-4412). */
export function setUpKubelet(registry: RegistryToReach): ClientSetup {
  return {
    files: [pluginFile(), providerFile(registry), roleFile()],
    registrySettings: registryLines,
    notes: [
      `Copy the first two files to every node. Start the kubelet with --image-credential-provider-config=${configPath} ` +
        `and --image-credential-provider-bin-dir=${pluginFolder}.`,
      "Let the kubelets have tokens for this audience: kubectl apply -f berth-kubelet.yaml",
      "The issuer is what this prints: kubectl get --raw /.well-known/openid-configuration",
      "This needs Kubernetes 1.34 or later. Where Berth is installed on the nodes, berth credential-provider does the same.",
    ],
  };
}

/** Nodes have a shell, but seldom Node: the same as `berth credential-provider`, in POSIX shell. */
function pluginFile(): SetupFile {
  const lines = [
    "set -eu",
    "request=$(cat)",
    "# The first value of a key. Images and tokens contain no character that JSON escapes.",
    "field() {",
    `  printf '%s' "$request" | tr '{,}' '\\n\\n\\n' | sed -n 's/^[[:space:]]*"'"$1"'"[[:space:]]*:[[:space:]]*"\\([^"\\\\]*\\)"[[:space:]]*$/\\1/p' | head -n 1`,
    "}",
    "version=$(field apiVersion)",
    "image=$(field image)",
    "token=$(field serviceAccountToken)",
    'case "$(field kind) $version" in',
    "  'CredentialProviderRequest credentialprovider.kubelet.k8s.io/v1'*) ;;",
    `  *) echo "${plugin}: standard input must be a CredentialProviderRequest" >&2; exit 1 ;;`,
    "esac",
    `[ -n "$image" ] || { echo "${plugin}: the request of the kubelet names no image" >&2; exit 1; }`,
    `case "$image" in */*) registry=\${image%%/*} ;; *) registry= ;; esac`,
    'case "$registry" in *[.:]* | localhost) ;; *) registry=docker.io ;; esac',
    'auth=""',
    `[ -z "$token" ] || auth='"'"$registry"'":{"username":"kubernetes","password":"'"$token"'"}'`,
    `printf '{"kind":"CredentialProviderResponse","apiVersion":"%s","cacheKeyType":"Registry","cacheDuration":"0s","auth":{%s}}\\n' "$version" "$auth"`,
  ];
  return ownProgram(`${pluginFolder}/${plugin}`, lines);
}

/** Kubelet Configuration (v1), `CredentialProviderConfig`. */
function providerFile({ address }: RegistryToReach): SetupFile {
  return ownFile(configPath, [
    "apiVersion: kubelet.config.k8s.io/v1",
    "kind: CredentialProviderConfig",
    "providers:",
    `  - name: ${plugin}`,
    "    apiVersion: credentialprovider.kubelet.k8s.io/v1",
    `    matchImages: ["${address}"]`,
    '    defaultCacheDuration: "0s"',
    "    tokenAttributes:",
    `      serviceAccountTokenAudience: ${audience}`,
    "      # The password is the token itself.",
    "      cacheType: Token",
    "      requireServiceAccount: true",
  ]);
}

/** A kubelet may request tokens only for the audiences of the pods on its node, unless a role lists more. */
function roleFile(): SetupFile {
  const name = "kubelet-berth-audience";
  return ownFile("berth-kubelet.yaml", [
    "apiVersion: rbac.authorization.k8s.io/v1",
    "kind: ClusterRole",
    `metadata: { name: ${name} }`,
    "rules:",
    `  - { apiGroups: [""], resources: [${audience}], verbs: [request-serviceaccounts-token-audience] }`,
    "---",
    "apiVersion: rbac.authorization.k8s.io/v1",
    "kind: ClusterRoleBinding",
    `metadata: { name: ${name} }`,
    `roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${name} }`,
    "subjects:",
    '  - { apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:nodes" }',
  ]);
}

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

const registryLines = [
  "access:",
  "  issuers:",
  "    - name: cluster",
  "      issuer: https://kubernetes.default.svc.cluster.local",
  `      audience: ${audience}`,
  "      # Of a pod in the same cluster. Elsewhere: jwksFile, with what this prints: kubectl get --raw /openid/v1/jwks",
  `      caFile: ${serviceAccount}/ca.crt`,
  `      bearerTokenFile: ${serviceAccount}/token`,
  "      jwksUrl: https://kubernetes.default.svc/openid/v1/jwks",
  "      identities:",
  "        - claims: { kubernetes.io/namespace: [team] }",
  `          user: "\${kubernetes.io/namespace}/\${kubernetes.io/serviceaccount/name}"`,
  "          groups: [team-pods]",
  '          scopes: ["pull:team/**"]',
  "  # Needed where access.rules are set:",
  '  #  - { allow: pull, to: "@team-pods", in: "team/**" }',
];
