// Filters on a phone are a sheet over the list: the very form that stands beside the list on a wider screen.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const narrow = matchMedia("(max-width: 63.99rem)");
  const close = () => byId("filter-sheet").close();

  document.addEventListener("click", (event) => {
    const { target } = event;
    const sheet = byId("filter-sheet");
    if (!sheet) return;
    if (target.closest(".to-filters")) {
      event.preventDefault();
      sheet.append(byId("filter"));
      sheet.showModal();
      sheet.onclose = () => byId("filters").append(byId("filter"));
    }
    if (sheet.open && (target === sheet || target.closest("[data-close-filters]"))) close();
    if (sheet.open && target.closest("#show-found")) {
      event.preventDefault();
      close();
    }
  });
  narrow.addEventListener("change", () => byId("filter-sheet")?.open && close());

  // How to sort stands outside of the form, and belongs to it.
  document.addEventListener("change", ({ target }) => {
    if (target.id === "sort") byId("filter").dispatchEvent(new Event("change"));
  });

  // What was ticked stays where the eye is, however much comes or goes above it.
  let ticked = null;
  const topOf = (id) => byId(id)?.getBoundingClientRect().top;
  document.addEventListener("change", ({ target }) => {
    ticked = target.closest("#facets") && target.id ? { id: target.id, top: topOf(target.id) } : null;
  });
  document.addEventListener("htmx:after:swap", () => {
    let by = ticked ? topOf(ticked.id) - ticked.top : 0;
    for (let box = ticked && byId(ticked.id); box && by; box = box.parentElement) {
      const before = box.scrollTop;
      box.scrollTop += by;
      by -= box.scrollTop - before;
    }
  });

  // A chip that takes a filter away goes with it: the keyboard goes on at the next one, or at how the list is sorted.
  let fromChip = false;
  document.addEventListener("click", ({ target }) => { fromChip = Boolean(target.closest(".filter-chips a")); });
  document.addEventListener("htmx:after:swap", () => {
    if (fromChip && document.activeElement === document.body) {
      (document.querySelector(".filter-chips a") ?? byId("sort"))?.focus({ preventScroll: true });
    }
  });

  // What was folded out stays so when the counts come anew.
  let open = [];
  document.addEventListener("htmx:before:swap", () => {
    open = [...document.querySelectorAll(".facet-rest[open]")].map(({ id }) => id);
  });
  document.addEventListener("htmx:after:swap", () => {
    for (const id of open) byId(id)?.setAttribute("open", "");
  });

  const busy = (is) => byId("results")?.setAttribute("aria-busy", is);
  document.addEventListener("htmx:before:request", ({ detail }) => detail.ctx.target?.id === "results" && busy(true));
  document.addEventListener("htmx:finally:request", () => busy(false));
})();
