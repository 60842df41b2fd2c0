/** What was requested from an upstream, and what it sent. */
export class Counts {
  requests = 0;
  blobGets = 0;
  blobBytes = 0;

  /** @param {object | undefined} found the content of the response */
  noteRequest(request, found) {
    this.requests++;
    if (found?.isBlob && request.method === "GET") this.blobGets++;
  }

  noteSent(found, bytes) {
    if (found.isBlob) this.blobBytes += bytes;
  }
}
