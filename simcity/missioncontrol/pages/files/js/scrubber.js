// The scrubber: a range over the events of a run, with play and steps. It is a
// native input, so that keyboards, touch and screen readers know it.

import { $, setText } from "./dom.js";
import { count, simTime } from "./format.js";

const PACE = 100; // simulated seconds per real one at 1×

export class Scrubber {
  /** log() is the run; moved(index) is called when the playhead is moved by hand or by play. */
  constructor(place, { log, moved }) {
    Object.assign(this, { log, moved, index: 0, attached: true, playing: false, factor: 1 });
    this.range = $("#scrubber", place);
    this.told = $("#position", place);
    this.range.addEventListener("input", () => this.go(Number(this.range.value)));
    $("#to-start").addEventListener("click", () => this.go(0));
    $("#back").addEventListener("click", () => this.step(-1));
    $("#forth").addEventListener("click", () => this.step(1));
    $("#to-end").addEventListener("click", () => this.go(this.log().last));
    $("#play").addEventListener("click", () => this.toggle());
    $("#factor").addEventListener("change", (e) => (this.factor = Number(e.target.value)));
    $("#live").addEventListener("click", () => this.live());
  }

  step(by) {
    this.go(this.index + by);
  }

  /** go moves the playhead, which leaves the live end unless it is the end. */
  go(index) {
    this.index = Math.max(0, Math.min(this.log().last, index));
    this.attached = false;
    this.show();
    this.moved(this.index);
  }

  live() {
    this.go(this.log().last);
    this.attached = true;
    this.show();
  }

  /** grow follows a run that goes on, if the playhead is attached to its end. */
  grow() {
    if (this.attached && this.log().last > this.index) {
      this.index = this.log().last;
      this.moved(this.index);
    }
    this.show();
  }

  show() {
    const log = this.log();
    this.range.max = Math.max(0, log.last);
    this.range.value = this.index;
    const event = log.events[this.index];
    if (!event) {
      setText(this.told, "no events yet");
      return;
    }
    const text = `event ${count(this.index)} of ${count(log.last)}, ${simTime(event.at)}`;
    this.range.setAttribute("aria-valuetext", text);
    setText(this.told, text);
    const behind = log.last - this.index;
    setText($("#live"), this.isLive?.() ? (behind > 0 ? `LIVE +${count(behind)}` : "LIVE") : "END");
    $("#live").dataset.behind = behind > 0 ? "yes" : "no";
  }

  toggle() {
    this.playing = !this.playing;
    setText($("#play"), this.playing ? "❚❚" : "▶");
    $("#play").setAttribute("aria-label", this.playing ? "Pause the replay" : "Play");
    if (!this.playing) return;
    if (this.index >= this.log().last) this.index = 0;
    this.at = this.log().events[this.index]?.at ?? 0;
    this.then = performance.now();
    requestAnimationFrame((now) => this.frame(now));
  }

  frame(now) {
    if (!this.playing) return;
    this.at += (now - this.then) * 1e6 * PACE * this.factor;
    this.then = now;
    const index = Math.max(this.index, this.log().indexAt(this.at));
    if (index !== this.index) this.go(index);
    if (index >= this.log().last) this.toggle();
    else requestAnimationFrame((t) => this.frame(t));
  }
}
