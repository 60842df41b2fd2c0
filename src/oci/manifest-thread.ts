import { doJobs } from "../foundation/background-jobs.js";
import type { TextPieces } from "../foundation/text-pieces.js";
import { type ManifestJob, manifestTasks } from "./manifest-tasks.js";
import { packFacts } from "./packed-facts.js";

// Runs in its own thread.
doJobs<ManifestJob, TextPieces | undefined>(({ task, bytes, options }) => {
  // The options belong to the task: only `large-manifests.ts` makes jobs.
  const facts = manifestTasks[task](Buffer.from(bytes.buffer), options as never);
  if (facts === undefined) return { content: undefined, memory: [] };
  const content = packFacts(facts);
  return { content, memory: [content.bytes.buffer] };
});
