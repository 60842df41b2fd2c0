import type { CredentialSettings } from "../upstream-settings.js";
import { readDockerConfig } from "./docker-config.js";

/** Berth's credentials for an upstream. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, as `docker login` stores for some registries. */
  | { readonly identityToken: string };

/** Finds the current credentials; none means anonymous. */
export type CredentialSource = () => Promise<Credentials | undefined>;

export function credentialSource(settings: CredentialSettings | undefined, endpoint: URL): CredentialSource {
  if (settings && "dockerConfigFile" in settings) return () => readDockerConfig(settings.dockerConfigFile, endpoint);
  return async () => settings;
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}
