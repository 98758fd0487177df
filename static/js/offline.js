// Lets the browser keep seen pages for when there is no network. After the page is there: it slows no first visit.
const tellConnection = () => document.documentElement.classList.toggle("is-offline", !navigator.onLine);
["online", "offline", "pageshow"].forEach((news) => addEventListener(news, tellConnection));
if (navigator.serviceWorker) {
  addEventListener("load", async () => {
    const isFirst = !navigator.serviceWorker.controller;
    await navigator.serviceWorker.register("/service-worker.js").catch(() => {});
    if (!isFirst) return;
    const { active } = await navigator.serviceWorker.ready;  // the first page's pictures did not pass it
    active?.postMessage([...document.images].map((picture) => picture.currentSrc).filter(Boolean));
  });
}
