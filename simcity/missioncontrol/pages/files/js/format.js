// Figures as people read them, the same everywhere. Times of day are of 24 hours.

const two = (n) => String(n).padStart(2, "0");

/** simTime writes simulated nanoseconds as h:mm:ss, with days above 24 hours. */
export function simTime(nanos) {
  const seconds = Math.floor(nanos / 1e9);
  const days = Math.floor(seconds / 86400);
  const text = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days > 0 ? `${days}d ${text}` : text;
}

/** simExact writes simulated nanoseconds with all their digits. */
export function simExact(nanos) {
  return `${simTime(Number(nanos))}.${String(BigInt(nanos) % 1_000_000_000n).padStart(9, "0")}`;
}

/** simShort leaves the seconds out where there are none. */
export function simShort(nanos) {
  const text = simTime(nanos);
  return text.endsWith(":00") ? text.slice(0, -3) : text;
}

/** duration writes nanoseconds with the unit that suits them. */
export function duration(nanos) {
  if (nanos === 0) return "0 ms";
  if (nanos < 1e6) return `${trim(nanos / 1e3)} µs`;
  if (nanos < 1e9) return `${trim(nanos / 1e6)} ms`;
  if (nanos < 60e9) return `${trim(nanos / 1e9)} s`;
  if (nanos < 3600e9) return `${trim(nanos / 60e9)} min`;
  return `${trim(nanos / 3600e9)} h`;
}

/** trim writes a number with at most three digits that matter. */
export function trim(value) {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** count writes a whole number in groups of three. */
export function count(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** many writes how many of something there are: 1 violation, 2 violations. */
export function many(n, word) {
  return `${count(n)} ${word}${n === 1 ? "" : "s"}`;
}

/** compact writes a number for an axis: 1200 is 1.2k. */
export function compact(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  return trim(value);
}

/** percent writes a share from 0 to 1. */
export function percent(share) {
  return `${trim(share * 100)} %`;
}

/** bytes writes a size with binary units. */
export function bytes(size) {
  for (const unit of ["B", "KiB", "MiB"]) {
    if (size < 1024) return `${trim(size)} ${unit}`;
    size /= 1024;
  }
  return `${trim(size)} GiB`;
}

/** wall writes a real time, in UTC or on the reader's clock, always of 24 hours. */
export function wall(text, utc = false) {
  const t = new Date(text);
  if (Number.isNaN(t.getTime())) return "–";
  if (utc) return `${t.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

/** ago writes how long ago something was, from milliseconds. */
export function ago(millis) {
  const s = Math.max(0, millis) / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

/** shortId is the part of a run's ID that people say aloud. */
export function shortId(id) {
  return id ? id.slice(0, 8) : "–";
}
