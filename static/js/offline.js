// Lets the browser keep seen pages for when there is no network. After the page is there: it slows no first visit.
if (navigator.serviceWorker) {
  addEventListener("load", () => navigator.serviceWorker.register("/service-worker.js").catch(() => {}));
}
