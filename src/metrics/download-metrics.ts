import { Counter, Gauge, type Registry } from "prom-client";
import type { DownloadObserver, ObservedDownload } from "../proxy/downloads/download-observer.js";

/** Running downloads, and the clients that wait for them. */
export class DownloadMetrics implements DownloadObserver {
  readonly #running = new Set<ObservedDownload>();
  readonly #begun: Counter;

  constructor(registers: Registry[]) {
    const running = this.#running;
    this.#begun = new Counter({
      name: "berth_downloads_total",
      help: "Downloads of blobs that were started.",
      registers,
    });
    new Gauge({
      name: "berth_downloads_running",
      help: "Running downloads of blobs.",
      registers,
      collect() {
        this.set(running.size);
      },
    });
    new Gauge({
      name: "berth_download_clients",
      help: "Clients that receive a blob while it is being downloaded.",
      registers,
      collect() {
        let clients = 0;
        for (const { watchers } of running) clients += watchers.count;
        this.set(clients);
      },
    });
  }

  began(download: ObservedDownload): void {
    this.#begun.inc();
    this.#running.add(download);
  }

  ended(download: ObservedDownload): void {
    this.#running.delete(download);
  }
}
