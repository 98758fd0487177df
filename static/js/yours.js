// What is yours on pages that are the same for everyone: full hearts, and what you looked at.
(() => {
  "use strict";

  // Which products are saved stands in a cookie that the shop sets with each change.
  function fillHearts() {
    const saved = (document.cookie.match(/(?:^|; )wished=([\w.]*)/)?.[1] ?? "").split(".");
    for (const heart of document.querySelectorAll("[data-heart]")) {
      const isFull = saved.includes(heart.dataset.heart);
      heart.setAttribute("aria-pressed", isFull);
      heart.value = isFull ? 0 : 1;
    }
  }
  fillHearts();
  window.addEventListener("pageshow", fillHearts);
  document.addEventListener("visibilitychange", fillHearts);
  document.addEventListener("htmx:after:swap", fillHearts);

  // The last products looked at stay in this browser; the shop is asked for them once their place is near.
  const MOST = 12, SHOWN = 8;
  let seen = [];
  try { seen = JSON.parse(localStorage.getItem("recent")) ?? []; } catch { /* forbidden, or no list */ }
  const here = document.querySelector("[data-product]")?.dataset.product;
  const others = seen.filter?.((id) => id !== here) ?? [];
  if (here) try { localStorage.setItem("recent", JSON.stringify([here, ...others].slice(0, MOST))); } catch { /* as above */ }
  const place = document.getElementById("recent");
  if (!place || !others.length) return;
  // Not before the first scroll: what is in view while the page loads must stay where it is.
  addEventListener("scroll", () => new IntersectionObserver((entries, watcher) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    htmx.ajax("GET", `${place.dataset.address}?ids=${others.slice(0, SHOWN)}`, { target: place, swap: "innerHTML" });
  }, { rootMargin: "300px" }).observe(place), { once: true, passive: true });
})();
