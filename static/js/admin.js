// The admin's own script: it spares steps. Every page works without it.
(() => {
  "use strict";
  const page = document.documentElement;
  page.classList.add("with-script");
  const byId = (id) => document.getElementById(id);
  const memory = {
    get: (name) => { try { return localStorage.getItem(name) ?? ""; } catch { return ""; } },
    set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* then it is asked again */ } },
  };
  if (memory.get("theme")) page.dataset.theme = memory.get("theme");

  // -- ticked rows: the bar says how many, and offers all that match once the whole page is ticked
  function sayTicked(form) {
    const boxes = [...form.querySelectorAll("[name=id]")];
    const ticked = boxes.filter((box) => box.checked).length;
    const isWhole = ticked === boxes.length;
    const which = form.elements.which;
    if (!isWhole) which.value = "ticked";
    const head = form.querySelector("[data-pick-page]");
    head.checked = isWhole;
    head.indeterminate = ticked > 0 && !isWhole;
    form.classList.toggle("has-ticked", ticked > 0);
    const total = Number(form.dataset.bulk);
    const said = form.querySelector("[data-said]");
    const isAll = which.value === "match";
    said.textContent = isAll ? `All ${total} selected` : ticked ? `${ticked} selected` : "";
    if (ticked && isWhole && total > boxes.length) {
      const button = Object.assign(document.createElement("button"), {
        type: "button", className: "button link", textContent: isAll ? "Only this page" : `Select all ${total} that match`,
      });
      button.addEventListener("click", () => { which.value = isAll ? "ticked" : "match"; sayTicked(form); });
      said.append(" ", button);
    }
  }
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-bulk]");
    if (form) {
      if (event.target.matches("[data-pick-page]")) {
        for (const box of form.querySelectorAll("[name=id]")) box.checked = event.target.checked;
      }
      sayTicked(form);
    }
    const narrow = event.target.closest?.("form[data-filters]");
    if (narrow && event.target.matches("select")) narrow.requestSubmit();
  });
  // An address is short: what is empty is left out of it.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-filters]")) return;
    for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
  });

  // A form that must not be sent twice ignores a second press right after the first.
  const lastSent = new WeakMap();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("once" in form.dataset)) return;
    const now = performance.now();
    if (now - (lastSent.get(form) ?? -Infinity) < 700) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    lastSent.set(form, now);
  }, true);

  // -- unsaved changes: said in the bar, and asked about before one leaves
  const guarded = () => document.querySelector("form[data-guarded]");
  let saved = "", isSaving = false;
  const contents = (form) => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string")).toString();
  const isChanged = () => guarded() !== null && contents(guarded()) !== saved;
  function sayChanged() {
    const form = guarded();
    if (!form) return;
    const note = form.querySelector("[data-unsaved]");
    if (note) note.hidden = !isChanged();
    form.classList.toggle("is-changed", isChanged());
  }
  document.addEventListener("input", sayChanged);
  document.addEventListener("form:settled", () => { saved = contents(guarded()); sayChanged(); });
  document.addEventListener("submit", (event) => { if (event.target === guarded()) isSaving = true; });
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-discard]")) isSaving = true; });
  window.addEventListener("beforeunload", (event) => { if (isChanged() && !isSaving) event.preventDefault(); });

  // -- keys
  const PLACES = { h: "", o: "/orders", p: "/products", i: "/inventory", c: "/users", d: "/discount-codes" };
  const isTyping = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
  const keysAreOn = () => memory.get("keys") !== "off";
  let isGoing = false;
  function moveRow(step) {
    const links = [...document.querySelectorAll(".rows tbody tr")];
    const here = links.findIndex((row) => row.contains(document.activeElement));
    const next = links[Math.min(links.length - 1, Math.max(0, here + step))];
    (next?.querySelector("a[href]") ?? next?.querySelector("input"))?.focus();
  }
  function goTo(letter) {
    const home = document.querySelector(".admin-logo[href]")?.getAttribute("href");
    const link = document.querySelector(`.admin-rail a[href="${home}${PLACES[letter]}"]`);
    if (link) location.assign(link.href);
  }
  document.addEventListener("keydown", (event) => {
    const { key } = event;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      if (key === "k" && byId("admin-q")) { event.preventDefault(); byId("admin-q").focus(); byId("admin-q").select(); }
      if (key === "s" && guarded()) { event.preventDefault(); guarded().requestSubmit(); }
      return;
    }
    if (event.altKey || event.ctrlKey || event.metaKey || !keysAreOn() || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (isGoing) { isGoing = false; if (key in PLACES) { event.preventDefault(); goTo(key); } return; }
    if (key === "/") { event.preventDefault(); byId("admin-q")?.focus(); }
    else if (key === "?") byId("keys")?.showModal();
    else if (key === "g") { isGoing = true; setTimeout(() => { isGoing = false; }, 1500); }
    else if (/^[a-z]$/.test(key) && document.querySelector(`.aside [aria-keyshortcuts="${key}"]`)) {
      document.querySelector(`.aside [aria-keyshortcuts="${key}"]`).click();
    } else if (key === "j") moveRow(1);
    else if (key === "k") moveRow(-1);
    else if (key === "x") document.activeElement.closest("tr")?.querySelector("[name=id]")?.click();
  });

  document.addEventListener("DOMContentLoaded", () => {
    const form = guarded();
    if (form) { saved = form.hasAttribute("data-changed") ? "" : contents(form); sayChanged(); }
    const list = document.querySelector("form[data-bulk]");
    if (list) sayTicked(list);
    const on = byId("keys-on");
    if (!on) return;
    on.checked = keysAreOn();
    on.addEventListener("change", () => memory.set("keys", on.checked ? "" : "off"));
  });
  window.addEventListener("pageshow", () => {
    isSaving = false;
    for (const field of document.querySelectorAll("[data-filters] :disabled")) field.disabled = false;
  });
})();
