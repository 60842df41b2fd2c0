import type { ClientSetup, SetupFile } from "./client-setup.js";
import { clients } from "./clients.js";
import type { RegistryToReach } from "./registry-to-reach.js";

/** The list of clients, one per line. */
export function showClients(): string {
  const lines = [...clients].map(([name, { meaning }]) => `  ${name.padEnd(16)}${meaning}`);
  return ["Clients:", ...lines, "", "berth setup docker --address registry.example.com:5000", ""].join("\n");
}

/** The files with their paths, and what remains to be done. */
export function showSetup({ files, notes }: ClientSetup, registry: RegistryToReach): string {
  const { address, mode } = registry;
  const intro = files.length === 0 ? `The client needs no settings for ${address} (mode: ${mode}).\n` : "";
  return [intro, ...files.map(showFile), showNotes(notes)].filter((part) => part !== "").join("\n");
}

export function showNotes(notes: readonly string[]): string {
  return notes.map((note) => `- ${note}\n`).join("");
}

function showFile({ path, content, copyOf }: SetupFile): string {
  return copyOf === undefined ? `--- ${path}\n${content}` : `--- ${path}\ncopy of ${copyOf}\n`;
}
