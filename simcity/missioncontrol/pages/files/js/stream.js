// Following a run as it goes.
//
// Browsers allow six connections to a host, so that a stream per tab would soon
// leave none for anything else. The tab that holds a lock, the leader, has the
// stream and hands what comes to the others over a channel. It gives the lock up
// when it is hidden or closed. Who hears nothing polls. No tab ever holds a run:
// the server does not wait for any of them.

import * as api from "./api.js";
import { backoff } from "./cursor.js";

const POLL = 1000; // milliseconds between polls of a tab that is seen
const POLL_HIDDEN = 5000;
const SILENCE = 4000; // after so long without a word a tab polls

export class Follower {
  /** on has heartbeat(data), end(data) and connection(word). */
  constructor(log, on) {
    Object.assign(this, { log, on, heard: performance.now(), ended: false, failures: 0 });
    this.name = `simcity ${api.base.href}`;
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(this.name) : null;
    this.channel?.addEventListener("message", ({ data }) => data.runId === log.id && this.take(data.kind, data.data));
    this.seen = () => (document.hidden ? this.close() : this.lead());
    document.addEventListener("visibilitychange", this.seen);
    this.timer = setTimeout(() => this.poll(), POLL);
    log.catchUp().catch(() => this.on.connection("broken"));
    this.seen();
  }

  /** lead waits for the lock, then streams until the tab is hidden. */
  lead() {
    if (this.ended || this.waiting || document.hidden) return;
    if (!navigator.locks) { // no lock without a secure context: each tab that is seen streams
      this.open();
      return;
    }
    this.waiting = new AbortController();
    navigator.locks.request(this.name, { signal: this.waiting.signal }, () => new Promise((release) => {
      this.release = release;
      this.open();
    })).catch(() => {}); // aborted: somebody else may lead
  }

  open() {
    const from = this.log.cursor.next;
    this.source = new EventSource(api.streamURL(this.log.id, from));
    for (const kind of ["event", "snapshot", "heartbeat", "end"]) {
      this.source.addEventListener(kind, (message) => {
        const data = JSON.parse(message.data);
        this.channel?.postMessage({ runId: this.log.id, kind, data });
        this.take(kind, data);
      });
    }
    this.source.addEventListener("open", () => (this.failures = 0));
    this.source.addEventListener("error", () => this.broken());
  }

  /** broken: the browser comes back by itself unless the server refused it. */
  broken() {
    if (this.ended) return;
    this.on.connection("broken");
    if (this.source?.readyState !== EventSource.CLOSED) return;
    this.close();
    setTimeout(() => this.lead(), backoff(this.failures++));
  }

  /** take takes what the stream brought, to this tab or to the leader. */
  take(kind, data) {
    this.heard = performance.now();
    if (this.ended) return;
    this.on.connection("streaming");
    switch (kind) {
      case "event":
        if (this.log.accept(data) === "gap") this.log.catchUp();
        else this.log.tell();
        break;
      case "snapshot":
        if (data.skippedTo !== undefined) this.log.catchUp();
        this.log.acceptSnapshot(data);
        this.log.tell();
        break;
      case "heartbeat":
        this.on.heartbeat(data);
        if (Number(data.lastEventIndex) > this.log.last) this.log.catchUp();
        break;
      case "end":
        this.finish(data);
        break;
    }
  }

  async poll() {
    const silent = performance.now() - this.heard > SILENCE;
    if (!this.ended && (document.hidden || silent)) await this.ask().catch(() => this.on.connection("broken"));
    if (!this.ended) this.timer = setTimeout(() => this.poll(), document.hidden ? POLL_HIDDEN : POLL);
  }

  async ask() {
    const { run: own, now } = await api.status();
    const { run, live } = await api.run(this.log.id);
    await this.log.catchUp();
    if (this.ended) return;
    if (run.result) {
      await this.finish(await api.summary(run.id));
      return;
    }
    this.on.connection("polling");
    this.on.heartbeat(own?.runId === run.id ? own : { ...live, now }); // or it goes on in another process
    this.polled = performance.now();
  }

  /** silentFor is how many milliseconds nothing was heard, by stream or poll. */
  silentFor() {
    return performance.now() - Math.max(this.heard, this.polled || 0);
  }

  async finish(data) {
    if (this.ended) return;
    this.ended = true;
    this.stop();
    await this.log.catchUp().catch(() => {});
    this.on.connection("ended");
    this.on.end(data);
  }

  /** close lets another tab lead. */
  close() {
    this.source?.close();
    this.source = null;
    this.waiting?.abort();
    this.waiting = null;
    this.release?.();
    this.release = null;
  }

  /** stop ends the following for good. */
  stop() {
    this.ended = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.seen);
    this.close();
    this.channel?.close();
  }
}
