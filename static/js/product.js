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

  // A picture of the strip opens as large as there is, with the place in view that was pressed.
  const zoom = byId("zoom"), frame = zoom?.lastElementChild;
  let opener, place;
  const links = () => [...document.querySelectorAll(".strip a")];
  function showLarge(wanted, x = 0.5, y = 0.5) {
    const all = links();
    place = (wanted + all.length) % all.length;
    const small = all[place].querySelector("img");
    const large = new Image(small.getAttribute("width"), small.getAttribute("height"));
    Object.assign(large, { src: all[place].href, alt: small.alt });
    frame.replaceChildren(large);
    byId("zoom-place").textContent = place + 1;
    const box = large.getBoundingClientRect(), view = frame.getBoundingClientRect();
    frame.scrollBy(box.x + x * box.width - view.x - view.width / 2, box.y + y * box.height - view.y - view.height / 2);
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".strip a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    opener = link;
    zoom.showModal();
    const box = link.getBoundingClientRect();
    const at = event.detail ? [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height] : [];
    showLarge(links().indexOf(link), ...at);
  });
  zoom?.addEventListener("click", ({ target }) => {
    const turn = target.closest("[data-turn]");
    if (turn) showLarge(place + Number(turn.dataset.turn));
    else if (target === zoom || target === frame) zoom.close();
  });
  zoom?.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    // Where the picture itself has the focus and is wider than the screen, the keys move it.
    if (!step || links().length < 2 || (event.target === frame && frame.scrollWidth > frame.clientWidth)) return;
    event.preventDefault();
    showLarge(place + (zoom.matches(":dir(rtl)") ? -step : step));
  });
  zoom?.addEventListener("close", () => opener.focus());

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
    const { activeElement: at, body } = document;
    if (at === body || drawer.contains(at)) byId("add").focus();  // what was pressed went with the refusal
  });
})();
