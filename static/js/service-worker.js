// The service worker: catalogue pages that were seen open without a network, as they were then. With one, a page always
// comes from the shop. Pages of a person (cart, checkout, account, orders) are never kept. KEPT is written above this.
"use strict";

const PAGES = `pages-${KEPT.version}`;
const FILES = `files-${KEPT.version}`;
const SEEN = `seen-${KEPT.version}`;
const MOST = { [PAGES]: 60, [SEEN]: 150 };  // pages; pictures and the like
const CATALOGUE = /^\/((categories|products|pages)\/[^/]+)?$/;

addEventListener("install", (event) => {
  skipWaiting();
  const offline = new Request(KEPT.offline, { cache: "reload" });
  event.waitUntil(caches.open(FILES).then((files) => files.addAll([offline, ...KEPT.assets])));
});

addEventListener("activate", (event) => {
  // The browser asks for a page while it starts the worker, rather than after.
  event.waitUntil(Promise.all([removeOldCaches(), keepOpenPages(), registration.navigationPreload?.enable()]));
});

async function removeOldCaches() {
  const names = (await caches.keys()).filter((name) => ![PAGES, FILES, SEEN].includes(name));
  return Promise.all(names.map((name) => caches.delete(name)));
}

// The page from which the worker was first started did not pass it; the browser still has its bytes.
async function keepOpenPages() {
  for (const { url } of await clients.matchAll({ includeUncontrolled: true, type: "window" })) {
    if (!CATALOGUE.test(new URL(url).pathname)) continue;
    const answer = await fetch(url, { cache: "force-cache" }).catch(() => null);
    if (answer && isPublicPage(answer)) await keep(PAGES, url, answer);
  }
}

addEventListener("message", ({ data }) => {
  for (const address of data) {
    const url = new URL(address, location.origin);
    if (url.origin === location.origin && (hasVersion(url) || url.pathname.startsWith("/media/"))) {
      fetch(url, { cache: "force-cache" }).then((answer) => answer.status === 200 && keep(SEEN, url.href, answer)).catch(() => {});
    }
  }
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || request.headers.has("range")) return;
  if (request.headers.has("hx-request")) return;  // a piece of a page must never be kept as the page
  if (request.mode === "navigate") {
    event.respondWith(openPage(event, url));
  } else if (url.pathname.startsWith("/static/") ? hasVersion(url) : url.pathname.startsWith("/media/")) {
    event.respondWith(findOrFetch(event));
  }
});

// By a hash, or in its name as a font's.
function hasVersion(url) {
  return url.searchParams.has("v") || url.pathname.startsWith("/static/fonts/");
}

async function openPage(event, url) {
  const isCatalogue = CATALOGUE.test(url.pathname);
  try {
    const answer = await event.preloadResponse || await fetch(event.request);
    if (isCatalogue && isPublicPage(answer)) event.waitUntil(keep(PAGES, url.href, answer.clone()));
    if (isCatalogue && [404, 410].includes(answer.status)) event.waitUntil(forget(url.href));
    return answer;
  } catch {
    return (isCatalogue && await findPage(url)) || await caches.match(KEPT.offline) || Response.error();
  }
}

function isPublicPage(answer) {
  const { headers } = answer;
  return answer.status === 200 && !answer.redirected && /^text\/html/.test(headers.get("content-type"))
    && /\bpublic\b/.test(headers.get("cache-control")) && !/private|no-store/.test(headers.get("cache-control"));
}

async function findPage(url) {
  const pages = await caches.open(PAGES);
  const ignoreSearch = url.pathname.startsWith("/products/");  // better another variant of it than nothing
  return await pages.match(url.href) || pages.match(url.href, { ignoreSearch });
}

// Files bear their version in their address, and a stored picture never changes under its name: what is there is right.
async function findOrFetch(event) {
  const kept = await caches.match(event.request.url);
  if (kept) return kept;
  const answer = await fetch(event.request).catch(() => null);
  if (!answer) return standIn(event.request);
  if (answer.status === 200) event.waitUntil(keep(SEEN, event.request.url, answer.clone()));
  return answer;
}

// A picture that was never seen: a neutral one takes its place, and is not kept as it.
async function standIn({ destination }) {
  return (destination === "image" && await caches.match(KEPT.placeholder)) || Response.error();
}

async function keep(name, address, answer) {
  const cache = await caches.open(name);
  await cache.put(address, answer);
  const addresses = await cache.keys();  // the oldest first
  const tooMany = Math.max(0, addresses.length - MOST[name]);
  return Promise.all(addresses.slice(0, tooMany).map((old) => cache.delete(old)));
}

async function forget(address) {
  return (await caches.open(PAGES)).delete(address, { ignoreSearch: true });
}
