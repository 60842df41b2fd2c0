import { optionalSection, optionalSetting, requiredSetting, setting } from "./definition.js";
import { filePath, listOf, oneOf, tlsVersion } from "./kinds.js";

/** HTTPS without a proxy in front. */
export const tls = optionalSection("HTTPS instead of HTTP: files in PEM format, read again when they change.", {
  cert: requiredSetting(filePath, {
    example: "/etc/berth/tls.crt",
    meaning: "Certificate, followed by the intermediate certificates.",
    needsRestart: true,
  }),
  key: requiredSetting(filePath, {
    example: "/etc/berth/tls.key",
    meaning: "Its private key.",
    needsRestart: true,
  }),
  minVersion: setting(tlsVersion, {
    default: "1.2",
    meaning: "Oldest TLS version to accept: 1.2 or 1.3.",
    needsRestart: true,
  }),
  clientCa: setting(listOf(filePath), {
    default: [],
    meaning: "Authorities of client certificates; the user is the common name of the certificate.",
    needsRestart: true,
  }),
  clientAuth: optionalSetting(oneOf("off", "request", "require"), {
    example: "request",
    meaning: "off, request, or require: without one, only health checks are answered. Default with clientCa: require.",
    needsRestart: true,
  }),
});
