// The storefront's own script: it only spares reloads and keeps numbers fresh. Every page works without it.
(() => {
  "use strict";
  const page = document.documentElement;
  page.classList.add("with-script");
  const byId = (id) => document.getElementById(id);

  // What this browser was told to remember: nothing of it is sent to the shop. Storage may be forbidden.
  const memory = {
    get: (name) => { try { return localStorage.getItem(name) ?? ""; } catch { return ""; } },
    set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* then it is asked again */ } },
  };

  function showColours(choice) {
    if (choice) page.dataset.theme = choice;
    else delete page.dataset.theme;
  }
  showColours(memory.get("theme"));
  document.addEventListener("change", (event) => {
    if (event.target.id !== "theme") return;
    memory.set("theme", event.target.value);
    showColours(event.target.value);
  });

  const MONTH = 30 * 24 * 3600 * 1000;
  function hideDismissed() {
    page.classList.toggle("no-announcement", Date.now() - Number(memory.get("dismissed")) < MONTH);
  }
  hideDismissed();

  // Public pages are the same for everyone, so the numbers on the links of cart and wish list come from cookies.
  function fillCounts() {
    for (const name of ["cart", "wish"]) {
      const badge = byId(`${name}-count`);
      if (!badge) continue;
      const found = document.cookie.match(`(?:^|; )${name}_count=(\\d{1,6})`);
      const count = found ? Number(found[1]) : 0;
      badge.hidden = count === 0;
      badge.querySelector("b").textContent = count;
      badge.lastElementChild.textContent = count === 1 ? " item" : " items";
    }
  }

  // What failed on the way can be sent again; what was on its way to the cart may have arrived, and is looked at first.
  let failed = null;
  function showToast(sentence) {
    const mayHaveArrived = failed.source.matches("[data-once]:not(#checkout)");
    const toast = document.createElement("div");
    const text = document.createElement("p");
    toast.className = "toast";
    text.textContent = mayHaveArrived ? `${sentence} Look at your cart first.` : sentence;
    toast.append(text, ...(mayHaveArrived ? [] : [toastButton("Try again", "again")]), toastButton("Close", "close"));
    byId("toasts")?.replaceChildren(toast);
  }
  function toastButton(words, what) {
    const button = document.createElement("button");
    button.className = "button quiet";
    button.type = "button";
    button.dataset[what] = "";
    button.textContent = words;
    return button;
  }
  const isUnasked = (ctx) => ctx.sourceEvent?.type === "every";  // nobody pressed anything: it comes again by itself
  // What could not be sent is remembered and taken back, so that the page shows what is true.
  function remember({ sourceElement: source, sourceEvent: event }) {
    const fields = source.matches(".stepper, #options") ? [...source.querySelectorAll("input[id]")] : [];
    failed = { source, event, values: fields.map((field) => [field.id, field.value, field.checked]) };
    for (const field of fields) {
      field.value = field.defaultValue;
      field.checked = field.defaultChecked;
    }
  }
  function sendAgain() {
    const { source, event, values } = failed ?? {};
    for (const [id, value, checked] of values ?? []) {
      const field = byId(id);
      if (field) Object.assign(field, { value, checked });
    }
    const now = source?.isConnected ? source : byId(values?.[0]?.[0])?.form;
    if (event?.type === "submit") now?.requestSubmit(event.submitter?.isConnected ? event.submitter : undefined);
    else now?.dispatchEvent(new Event(event.type, { bubbles: true, cancelable: true }));
  }

  let openedAt = 0;
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest("[data-again]")) sendAgain();
    const toast = target.closest("[data-again], [data-close]")?.closest(".toast");
    if (toast) {
      toast.remove();
      if (document.activeElement === document.body) (document.querySelector("#drawer[open] h2") ?? byId("content")).focus();
    }
    if (target.closest("[data-dismiss]")) {
      memory.set("dismissed", Date.now());
      hideDismissed();
      byId("content").focus();
    }
    if (target.closest("[data-print]")) print();

    if (target.closest("[data-reload]")) location.reload();
    const menu = document.querySelector(".menu[open]");
    if (menu && !menu.contains(target)) menu.open = false;

    // A press beside the drawer closes it; the rest of a double click on what opened it does not.
    if (target.id === "drawer" && performance.now() - openedAt > 500) target.close();

    // A link of a form's list of mistakes leads into the field, not only to it.
    const field = byId(target.closest("#mistakes a[href^='#']")?.hash.slice(1) ?? "");
    if (field) {
      event.preventDefault();
      (field.matches("input, select, textarea") ? field : field.querySelector("input"))?.focus();
    }

  });

  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector(".menu[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.firstElementChild.focus();
  });

  // With a key held down a link is for another tab.
  document.addEventListener("click", (event) => {
    if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest("a[hx-get]")) event.stopImmediatePropagation();
  }, true);

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

  // The cart beside the page: whatever is put into it opens it.
  document.addEventListener("htmx:after:swap", (event) => {
    const drawer = byId("drawer"), { target: aim, response } = event.detail.ctx ?? {};
    if (response?.status < 400) byId("toasts").replaceChildren();
    if (!drawer || drawer.open || (aim !== drawer && aim !== "#drawer")) return;
    drawer.showModal();
    loadScript(drawer.dataset.script);
    openedAt = performance.now();
    drawer.querySelector(".is-new")?.scrollIntoView({ block: "nearest" });
    drawer.append(byId("toasts"));  // what is outside of an open dialog can be neither pressed nor heard
    drawer.addEventListener("close", () => document.body.append(byId("toasts")), { once: true });
  });

  // What only the cart's lines need comes with them; what the search field needs, when it is first entered.
  function loadScript(src) {
    if (!document.querySelector(`script[src="${src}"]`)) document.head.append(Object.assign(document.createElement("script"), { src }));
  }
  document.addEventListener("focusin", ({ target }) => target.name === "q" && target.dataset.script && loadScript(target.dataset.script));

  // An answer that is no page of ours (a proxy's 502, say) is not put into the page; neither is none at all.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx?.hx?.retarget && ctx.response.status < 500) ctx.sourceElement?.closest?.(".stepper")?.reset();  // refused
    if (!(ctx?.response?.status >= 500)) return;
    if (isUnasked(ctx) || !ctx.hx?.retarget) event.preventDefault();
    if (isUnasked(ctx)) return;
    remember(ctx);
    if (!ctx.hx?.retarget) {
      showToast("The shop cannot answer right now. Wait a moment and try again.");
    }
  });
  // HTMX hands the style of an element (of a note that was drawn larger, say) on to the one that takes its place: the
  // policy of the page refuses that.
  document.addEventListener("htmx:before:swap", () => document.querySelectorAll("[style]").forEach((each) => each.removeAttribute("style")));
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = event.detail;
    if (!ctx || ctx.response || isUnasked(ctx)) return;
    remember(ctx);
    showToast("The shop could not be reached. Look at your connection and try again.");
  });

  document.addEventListener("DOMContentLoaded", () => {
    fillCounts();
    const colours = byId("theme");
    if (colours) colours.value = memory.get("theme");
  });
  window.addEventListener("pageshow", fillCounts);  // also when the browser brings the page back from its memory
  document.addEventListener("visibilitychange", fillCounts);  // another tab may have changed it
})();
