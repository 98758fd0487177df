// Suggestions below the search field by keyboard. Without it they are links, and the form searches.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const field = byId("q"), list = byId("suggest");
  let typed = field.value, place = -1;
  const options = () => [...list.querySelectorAll("a")];

  function mark(wanted) {
    const all = options(), chosen = all[place = wanted];
    all.forEach((option) => option.setAttribute("aria-selected", option === chosen));
    field.setAttribute("aria-activedescendant", chosen?.id ?? "");
    field.value = chosen?.dataset.text ?? typed;
  }
  function tell() {
    const { length } = options();
    place = -1;
    field.setAttribute("aria-activedescendant", "");
    field.setAttribute("aria-expanded", length > 0);
    byId("suggest-said").textContent = length ? `${length} suggestions` : "";
  }
  function close() {
    list.replaceChildren();
    tell();
  }
  const isShort = () => typed.trim().length < 2;

  field.addEventListener("keydown", (event) => {
    const { key } = event, { length } = options();
    if (!length) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) mark((place + 1 + step + length + 1) % (length + 1) - 1);
    else if (key === "Escape") {
      mark(-1);
      close();
    } else if (key === "Enter" && place >= 0) options()[place].click();
    else return;
    event.preventDefault();
  });
  field.addEventListener("input", () => {
    typed = field.value;
    if (isShort()) close();
  });
  field.form.addEventListener("focusout", ({ relatedTarget }) => field.form.contains(relatedTarget) || close());
  const isOurs = ({ detail }) => detail.ctx?.sourceElement === field;
  document.addEventListener("htmx:before:request", (event) => {
    if (isOurs(event) && isShort()) event.preventDefault();
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (isOurs(event)) document.activeElement === field && !isShort() ? tell() : close();
  });

  list.role = "listbox";
  list.ariaLabel = "Suggestions";
  for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": "suggest", "aria-autocomplete": "list" })) field.setAttribute(name, value);
  tell();
})();
