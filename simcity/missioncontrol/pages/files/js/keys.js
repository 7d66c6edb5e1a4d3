// Keys of the pages. A key belongs to the page unless a field is being filled in
// or a dialog is open.

const FIELDS = "input:not([type=range]):not([type=checkbox]), select, textarea, [contenteditable]";
const PRESSED_BY_SPACE = "button, a, summary, input, select";

/** onKeys calls actions[key], with "Shift+" before it where that is pressed. */
export function onKeys(actions) {
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
    if (e.target.closest(FIELDS)) {
      if (e.key === "Escape") e.target.blur();
      return;
    }
    if (e.key === " " && e.target.closest(PRESSED_BY_SPACE)) return;
    const arrow = e.key.startsWith("Arrow");
    if (arrow && e.target.closest("input[type=range], [role=tab]") && !e.target.closest("#scrubber")) return;
    const action = actions[(e.shiftKey && arrow ? "Shift+" : "") + e.key];
    if (!action) return;
    e.preventDefault();
    action();
  });
}

const answers = new WeakMap(); // of dialogs, to whoever opened them last

/**
 * openDialog opens one and resolves to what it was closed with. The news that a
 * dialog was closed comes late: when it is open again by then, it is not its answer.
 */
export function openDialog(dialog) {
  if (!answers.has(dialog)) {
    dialog.addEventListener("close", () => dialog.open || answers.get(dialog)(dialog.returnValue));
  } else {
    answers.get(dialog)("");
  }
  dialog.returnValue = "";
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => answers.set(dialog, resolve));
}
