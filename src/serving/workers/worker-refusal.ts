/** A worker cannot serve with a configuration; the message is the reason, for people. */
export class WorkerRefusal extends Error {
  override readonly name = "WorkerRefusal";
  readonly worker: number;

  constructor(worker: number, reason: string) {
    super(reason);
    this.worker = worker;
  }
}
