import { doJobs } from "../foundation/background-jobs.js";
import { type ManifestFindings, type ManifestJob, manifestTasks } from "./manifest-tasks.js";
import { packFacts } from "./packed-facts.js";

// Runs in its own thread.
doJobs<ManifestJob, ManifestFindings>(({ task, bytes, options }) => {
  // The options belong to the task: only `large-manifests.ts` makes jobs.
  const found = manifestTasks[task](Buffer.from(bytes.buffer), options as never);
  const facts = found && packFacts(found);
  return { content: { facts, bytes }, memory: [bytes.buffer, ...(facts ? [facts.bytes.buffer] : [])] };
});
