/** The reader of our output may leave, as `head` does, and the disk for logs may be full: neither stops a registry. */
export function bearLostOutput(): void {
  process.stdout.on("error", noteLoss);
  process.stderr.on("error", noteLoss);
}

function noteLoss(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") process.exitCode = 1;
}
