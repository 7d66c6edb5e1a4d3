// Making and finding elements, in the fewest words. Text is always set as text,
// never as markup: names and errors of a run come from the host under test.

export const $ = (selector, root = document) => root.querySelector(selector);

/** h makes an element; attributes that are functions listen, null ones are left out. */
export const h = (tag, attributes, ...children) => complete(document.createElement(tag), attributes, children);

/** svg makes an element of a drawing. */
export const svg = (tag, attributes, ...children) => complete(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

function complete(element, attributes = {}, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

/** fill replaces what is inside an element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
}

/** setText changes a text only if it differs, so that nothing is announced twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** eachFrame runs f once in the next frame, however often it is asked. */
export function eachFrame(f) {
  let asked = 0;
  return () => {
    if (asked) return;
    asked = requestAnimationFrame((now) => {
      asked = 0;
      f(now);
    });
  };
}

/** announce tells readers who listen, politely; the last of quick ones counts. */
let announcing;
export function announce(text) {
  clearTimeout(announcing);
  announcing = setTimeout(() => setText($("#announcer"), text), 250);
}

/** keep reads and writes a preference of this browser. */
export const keep = {
  get(name, otherwise) {
    try {
      return localStorage.getItem(`simcity.${name}`) ?? otherwise;
    } catch {
      return otherwise; // storage is refused: the preference lasts as long as the page
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`simcity.${name}`, value);
    } catch { /* see get */ }
  },
};
