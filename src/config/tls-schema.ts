import { optionalSection, optionalSetting, requiredSetting, setting } from "./definition.js";
import { filePath, listOf, oneOf, tlsVersion } from "./kinds.js";

/** How Berth speaks HTTPS by itself. */
export const tls = optionalSection("HTTPS instead of HTTP: files in PEM format, read again when they change.", {
  cert: requiredSetting(filePath, {
    example: "/etc/berth/tls.crt",
    meaning: "Certificate, with the intermediate ones after it.",
    needsRestart: true,
  }),
  key: requiredSetting(filePath, {
    example: "/etc/berth/tls.key",
    meaning: "Its private key.",
    needsRestart: true,
  }),
  minVersion: setting(tlsVersion, {
    default: "1.2",
    meaning: "The oldest version that is spoken: 1.2 or 1.3.",
    needsRestart: true,
  }),
  clientCa: setting(listOf(filePath), {
    default: [],
    meaning: "Authorities whose client certificates say who the client is: the user is the common name.",
    needsRestart: true,
  }),
  clientAuth: optionalSetting(oneOf("off", "request", "require"), {
    example: "request",
    meaning:
      "off, request, or require: no answer without one, but for health checks. Without: require if clientCa is given.",
    needsRestart: true,
  }),
});
