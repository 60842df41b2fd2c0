/** What Berth does by itself, or for its operator. */
export const ownTasks = ["retention", "command line"] as const;

export type OwnTask = (typeof ownTasks)[number];

/** Who changed something: a client, or Berth itself. */
export type Actor =
  | { readonly kind: "client" /** `undefined` for an anonymous client. */; readonly user: string | undefined }
  | { readonly kind: "berth"; readonly task: OwnTask };

/** An actor in a word, for people. */
export function showActor(actor: Actor): string {
  return actor.kind === "berth" ? actor.task : (actor.user ?? "anonymous");
}
