// A product's pictures, and the button at the lower edge of a phone.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);

  // A small picture brings its large one into view, and nothing else moves.
  document.addEventListener("click", (event) => {
    const large = byId(event.target.closest(".thumbs a")?.hash.slice(1) ?? "");
    if (!large) return;
    event.preventDefault();
    large.parentElement.scrollTo({ left: large.offsetLeft - large.parentElement.firstElementChild.offsetLeft });
  });

  // The small picture of what is in view is marked.
  document.addEventListener("scroll", ({ target }) => {
    if (!target.classList?.contains("strip")) return;
    const shown = Math.round(target.scrollLeft / target.firstElementChild.offsetWidth);
    target.parentElement.querySelectorAll(".thumbs a").forEach((link, place) => {
      if (place === Math.abs(shown)) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }, true);

  // On a phone the button at the lower edge is there only while the other one is out of sight.
  const watcher = new IntersectionObserver(([entry]) => {
    byId("buy-bar")?.classList.toggle("is-beside", entry.isIntersecting);
  });
  function watchAddButton() {
    watcher.disconnect();
    watcher.observe(byId("add"));
  }
  watchAddButton();
  const drawer = byId("drawer");
  document.addEventListener("htmx:after:swap", () => {
    const result = byId("add-result");
    watchAddButton();
    if (drawer.open) result.replaceChildren();  // a refusal is over once the cart is seen
    else if (result.firstChild) result.scrollIntoView({ block: "nearest" });
  });
  drawer.addEventListener("close", () => {
    if (drawer.contains(document.activeElement)) byId("add").focus();  // what was pressed went with the refusal
  });
})();
