/** What an upstream was asked for, and what it sent. */
export class Counts {
  requests = 0;
  blobGets = 0;
  blobBytes = 0;

  /** @param {object | undefined} found what the request is answered with */
  noteRequest(request, found) {
    this.requests++;
    if (found?.isBlob && request.method === "GET") this.blobGets++;
  }

  noteSent(found, bytes) {
    if (found.isBlob) this.blobBytes += bytes;
  }
}
