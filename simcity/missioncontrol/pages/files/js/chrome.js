// What both pages have around them: theme, help, toasts, times.

import { freshness } from "./cursor.js";
import { $, announce, h, keep, setText } from "./dom.js";
import * as format from "./format.js";
import { openDialog } from "./keys.js";

const THEMES = ["auto", "light", "dark"];
const TOASTS_MAX = 3;

function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  setText($("#theme"), `Theme: ${theme}`);
}

/** showFreshness says how live the page is; told is the latest heartbeat. */
export function showFreshness(follower, connection, told) {
  const silent = follower && !follower.ended ? follower.silentFor() : 0;
  const beat = Date.parse(told?.heartbeatAt); // of another process; below 0 before the first
  const process = beat > 0 && told.now ? Date.parse(told.now) - beat + silent : 0;
  const { word, level } = freshness(silent, connection, process);
  setText($("#fresh"), word);
  $("#fresh").dataset.level = level;
}

/** dress makes the header's buttons work. */
export function dress() {
  setTheme(keep.get("theme", "auto"));
  $("#theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(keep.get("theme", "auto")) + 1) % THEMES.length];
    keep.set("theme", next);
    setTheme(next);
  });
  $("#help-button").addEventListener("click", help);
}

export const help = () => openDialog($("#help"));

/** toast tells what became of something that was asked for. */
export function toast(text, level = "good") {
  const note = h("div", { class: `toast ${level}` }, h("span", {}, text), h("button", { type: "button", "aria-label": "Dismiss", click: () => note.remove() }, "×"));
  $("#toasts").append(note);
  if ($("#toasts").children.length > TOASTS_MAX) $("#toasts").firstElementChild.remove();
  announce(text);
  setTimeout(() => note.remove(), level === "bad" ? 12_000 : 5000);
}

/** attempt runs what a button asks for and tells how it went. */
export async function attempt(work, told) {
  try {
    const answer = await work();
    if (told) toast(typeof told === "function" ? told(answer) : told);
    return answer;
  } catch (error) {
    toast(error.message, "bad");
    return null;
  }
}

/** copy puts a text on the clipboard. */
export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    toast(`Copy it by hand: ${text}`, "bad");
  }
}

const TIMES = ["simulated", "UTC", "local", "ago"];

/** times is how the feed writes when something was: simulated or real. */
export const times = {
  mode: keep.get("times", "simulated"),
  next() {
    this.mode = TIMES[(TIMES.indexOf(this.mode) + 1) % TIMES.length];
    keep.set("times", this.mode);
  },
  write(event) {
    if (this.mode === "simulated") return format.simTime(event.at);
    if (this.mode === "ago") return `${format.ago(Date.now() - new Date(event.observedAt))} ago`;
    return format.wall(event.observedAt, this.mode === "UTC").slice(11, 19);
  },
};

/** confirmStop asks first, and says what will happen. */
export async function confirmStop(run, stop) {
  setText($("#stop-what"), `${run.scenario} seed ${run.seed}, run ${format.shortId(run.runId)}`);
  if (await openDialog($("#stop-dialog")) !== "stop") return;
  await attempt(stop, (a) => (a?.status === "STOPPING" ? "The run is stopping." : `The run has stopped: verdict ${a?.verdict || "STOPPED"}.`));
}
