import { IssuerKeys } from "../../auth/issuers/issuer-keys.js";
import { certificatesIn } from "../../auth/tokens/certificate-chain.js";
import { ExternalTokens } from "../../auth/tokens/external-tokens.js";
import type { AccessConfig } from "../../config/access-schema.js";
import { ConfigError, messageOf } from "../../config/problem.js";
import { readSmallText } from "../../foundation/small-file.js";
import type { Logger } from "../../observability/logger.js";

/**
 * Verifies the tokens of the external token service, if one is configured.
 * @throws ConfigError if its certificates cannot be read
 */
export async function openExternalTokens(access: AccessConfig, log: Logger): Promise<ExternalTokens | undefined> {
  const { tokenService } = access;
  if (tokenService === undefined) return undefined;
  const { realm, service, issuer, rootCertBundle, jwksFile, jwksUrl } = tokenService;
  const roots = rootCertBundle === undefined ? [] : await readCertificates(rootCertBundle);
  const source = { name: "access.tokenService", issuer: jwksUrl ?? realm, jwksFile, jwksUrl };
  const hasKeySet = jwksFile !== undefined || jwksUrl !== undefined;
  return ExternalTokens.create({
    realm,
    service,
    issuer,
    roots,
    keySet: hasKeySet ? new IssuerKeys(source, log).find : undefined,
  });
}

async function readCertificates(file: string) {
  try {
    const certificates = certificatesIn(await readSmallText(file));
    if (certificates.length > 0) return certificates;
  } catch (error) {
    throw problemWith(file, `cannot be read: ${messageOf(error)}`);
  }
  throw problemWith(file, "contains no certificate in PEM format");
}

function problemWith(file: string, message: string): ConfigError {
  return new ConfigError([{ where: file, path: ["access", "tokenService", "rootCertBundle"], message }]);
}
