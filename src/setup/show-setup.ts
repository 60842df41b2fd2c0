import type { ClientSetup, SetupFile } from "./client-setup.js";
import { clients } from "./clients.js";
import type { RegistryToReach } from "./registry-to-reach.js";

/** The list of servers and clients, one per line. */
export function showClients(): string {
  const linesOf = (kind: "server" | "client") =>
    [...clients]
      .filter(([, client]) => client.kind === kind)
      .map(([name, { meaning }]) => `  ${name.padEnd(16)}${meaning}`);
  const example = "berth setup docker --address registry.example.com:5000";
  return ["Servers:", ...linesOf("server"), "", "Clients:", ...linesOf("client"), "", example, ""].join("\n");
}

/** The files with their paths, and what remains to be done. */
export function showSetup(setup: ClientSetup, { address, mode }: RegistryToReach): string {
  const intro = setup.files.length === 0 ? `The client needs no settings for ${address} (mode: ${mode}).\n` : "";
  return [intro, ...setup.files.map(showFile), showRest(setup)].filter((part) => part !== "").join("\n");
}

/** What no file of the client says: the settings of the registry, and the notes. */
export function showRest({ registrySettings = [], notes }: ClientSetup): string {
  const settings = registrySettings.map((line) => `${line}\n`).join("");
  const shown = settings === "" ? "" : `--- the settings of the registry (berth.yml)\n${settings}`;
  return [shown, notes.map((note) => `- ${note}\n`).join("")].filter((part) => part !== "").join("\n");
}

function showFile({ path, content, copyOf }: SetupFile): string {
  return copyOf === undefined ? `--- ${path}\n${content}` : `--- ${path}\ncopy of ${copyOf}\n`;
}
