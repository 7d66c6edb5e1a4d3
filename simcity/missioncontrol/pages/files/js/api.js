// Calls of Mission Control's API. Where it is mounted the document tells: the
// server knows the way from the page to the mount point, and nobody guesses it.

/** base is the mount point. */
export const base = new URL(document.documentElement.dataset.base || "../", location.href);

/** urlOf is the address of a path below the mount point. */
export const urlOf = (path) => new URL(path, base).href;

/** An ApiError says what was wrong, what is allowed and how to mend it. */
export class ApiError extends Error {
  constructor(status, error) {
    super([error.message || `the server answered ${status}`, error.allowed && `Allowed: ${error.allowed}.`, error.fix].filter(Boolean).join(" "));
    Object.assign(this, { status, code: error.code, field: error.field });
  }
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(urlOf(path), { ...options, headers: { Accept: "application/json", ...options?.headers } });
  } catch (cause) {
    throw new ApiError(0, { code: "unreachable", message: `Mission Control does not answer: ${cause.message}` });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok || body.success === false) throw new ApiError(response.status, body.error || {});
  return body.data;
}

export const get = (path) => call(path);

export const post = (path, body) =>
  call(path, { method: "POST", body: body ? JSON.stringify(body) : undefined, headers: body ? { "Content-Type": "application/json" } : {} });

const runPath = (id) => `api/ops/simcity/runs/${encodeURIComponent(id)}`;

export const runs = (filter) => {
  const query = new URLSearchParams(Object.entries(filter).filter(([, v]) => v));
  return get(`api/ops/simcity/runs?${query}`);
};
export const run = (id) => get(runPath(id));
export const events = (id, from, limit = 1000) => get(`${runPath(id)}/events?from=${from}&limit=${limit}`);
export const snapshots = (id, from, limit = 1000) => get(`${runPath(id)}/snapshots?from=${from}&limit=${limit}`);
export const summary = (id) => get(`api/simcity/summary?runId=${encodeURIComponent(id)}`);
export const status = () => get("api/simcity/status");
export const reportURL = (id) => urlOf(`${runPath(id)}/report`);
export const streamURL = (id, from) => urlOf(`${runPath(id)}/stream?from=${from}`);
