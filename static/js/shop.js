// The storefront's own script: it only spares reloads and keeps numbers fresh. Every page works without it.
(() => {
  "use strict";
  const page = document.documentElement;
  page.classList.add("with-script");

  // Public pages are the same for everyone, so the number on the cart link comes from a cookie.
  function fillCartCount() {
    const badge = document.getElementById("cart-count");
    if (!badge) return;
    const found = document.cookie.match(/(?:^|; )cart_count=(\d{1,6})/);
    const count = found ? Number(found[1]) : 0;
    badge.hidden = count === 0;
    badge.querySelector("b").textContent = count;
    badge.lastElementChild.textContent = count === 1 ? " item" : " items";
  }

  function showToast(sentence) {
    const toasts = document.getElementById("toasts");
    const toast = document.createElement("div");
    const text = document.createElement("p");
    const close = document.createElement("button");
    toast.className = "toast";
    text.textContent = sentence;
    close.className = "button quiet";
    close.type = "button";
    close.dataset.close = "";
    close.textContent = "Close";
    toast.append(text, close);
    toasts?.replaceChildren(toast);
  }

  document.addEventListener("click", (event) => {
    event.target.closest("[data-close]")?.closest(".toast").remove();
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

  // An answer that is no page of ours (a proxy's 502, say) is not put into the page; neither is none at all.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx?.response?.status >= 500 && !ctx.hx?.retarget) {
      event.preventDefault();
      showToast("The shop cannot answer right now. Wait a moment and try again.");
    }
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = event.detail;
    if (ctx && !ctx.response) showToast("The shop could not be reached. Look at your connection and try again.");
  });

  // A link of a form's list of mistakes leads into the field, not only to it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#mistakes a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    (field.matches("input, select, textarea") ? field : field.querySelector("input"))?.focus();
  });

  document.addEventListener("DOMContentLoaded", fillCartCount);
  window.addEventListener("pageshow", fillCartCount);  // also when the browser brings the page back from its memory
})();
