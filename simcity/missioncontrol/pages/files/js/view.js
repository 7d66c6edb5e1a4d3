// The whole view is in the address: a link shows another person the same thing.

const NUMBERS = ["t"];
const TEXTS = ["run", "vs", "type", "actor", "q", "tab", "scenario", "verdict", "seed"];

/** parse reads a view from a query string; what it does not know it leaves. */
export function parse(search) {
  const query = new URLSearchParams(search);
  const view = {};
  for (const name of TEXTS) if (query.get(name)) view[name] = query.get(name);
  for (const name of NUMBERS) {
    const text = query.get(name);
    if (text && /^\d{1,15}$/.test(text)) view[name] = Number(text);
  }
  return view;
}

/** format writes a view as a query string, in one order, without what is unset. */
export function format(view) {
  const query = new URLSearchParams();
  for (const name of [...TEXTS, ...NUMBERS]) {
    const value = view[name];
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

/** matches tells whether an event passes the filters of a view. */
export function matches(event, view, describe) {
  if (view.type && event.type !== view.type && !event.type.startsWith(`${view.type}.`)) return false;
  if (view.actor && !event.actor.includes(view.actor)) return false;
  if (!view.q) return true;
  const q = view.q.toLowerCase();
  return event.type.includes(q) || event.actor.toLowerCase().includes(q) || describe(event).toLowerCase().includes(q);
}
