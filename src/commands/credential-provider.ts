import { ExplainedError } from "../serving/explained-error.js";
import { readInput } from "./read-input.js";

/** The versions of Kubernetes' API; the first two carry no service account token. */
const versions = ["v1alpha1", "v1beta1", "v1"].map((version) => `credentialprovider.kubelet.k8s.io/${version}`);

/** What the kubelet writes for each image that matches its configuration (KEP-2133, and KEP-4412 for the token). */
interface CredentialRequest {
  readonly apiVersion: string;
  readonly image: string;
  /** The token of the pulling pod; missing if it has no service account. */
  readonly serviceAccountToken: string | undefined;
}

/** The registry ignores the name: the token alone identifies the client. */
const username = "kubernetes";

/** Gives the kubelet the pod's token as a password, which the container runtime exchanges at Berth's token service. */
export async function provideCredentials(): Promise<void> {
  process.stdout.write(`${JSON.stringify(answerTo(parseRequest(await readInput())))}\n`);
}

/** The kubelet must not cache it, since that could outlast the token. */
function answerTo({ apiVersion, image, serviceAccountToken: password }: CredentialRequest): object {
  // Without credentials the runtime pulls as an anonymous client.
  const auth = password === undefined ? {} : { [registryOf(image)]: { username, password } };
  return { kind: "CredentialProviderResponse", apiVersion, cacheKeyType: "Registry", cacheDuration: "0s", auth };
}

/** @throws ExplainedError, which the kubelet logs; it never contains the request, which has a token */
function parseRequest(input: string): CredentialRequest {
  const { kind, apiVersion, image, serviceAccountToken } = parseObject(input);
  if (kind !== "CredentialProviderRequest" || typeof apiVersion !== "string" || !versions.includes(apiVersion))
    throw new ExplainedError(`standard input must be a CredentialProviderRequest of ${versions.join(", ")}`);
  if (typeof image !== "string" || image === "") throw new ExplainedError("the request of the kubelet names no image");
  const hasToken = typeof serviceAccountToken === "string" && serviceAccountToken !== "";
  return { apiVersion, image, serviceAccountToken: hasToken ? serviceAccountToken : undefined };
}

function parseObject(input: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(input);
    // The fields are checked one by one.
    if (typeof json === "object" && json !== null) return json as Readonly<Record<string, unknown>>;
  } catch {
    // The same sentence for both cases: the parser's own message would quote the token.
  }
  throw new ExplainedError("standard input is not a JSON object; the kubelet runs this command, not a person");
}

/** The kubelet sends the full name, such as `registry.example.com:5000/team/app:1.0`. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
}
