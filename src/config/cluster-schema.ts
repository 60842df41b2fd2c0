import { advertisedAddress, listenAddress } from "./address-kinds.js";
import { optionalSection, optionalSetting, requiredSetting } from "./definition.js";
import { filePath } from "./kinds.js";

const needsRestart = true;

/** What replicas on one bucket tell each other. */
export const cluster = optionalSection(
  "Replicas on one bucket share downloads; see config/s3.md. Clients never use this port.",
  {
    listen: requiredSetting(listenAddress, {
      example: ":5100",
      meaning: "Address for other replicas; :5100 is every address. Each further worker takes the next port.",
      needsRestart,
    }),
    advertise: optionalSetting(advertisedAddress, {
      example: "10.0.0.5",
      meaning: "How other replicas reach this one; the port only if it differs. By default the address of listen.",
      needsRestart,
    }),
    keyFile: optionalSetting(filePath, {
      example: "/run/secrets/cluster-key",
      meaning: "A secret of at least 32 bytes that all replicas have; by default that of access.tokenKeyFile.",
      needsRestart,
    }),
  },
);
