// The product editor: uploads with progress, drag to order, a grid that takes a sheet's cells. All of it works without.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const form = byId("form");
  const token = () => form.elements.csrf_token.value;
  const make = (tag, more) => Object.assign(document.createElement(tag), more);
  const changed = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

  // -- pictures: each is sent by itself, so that each has its progress and its own refusal
  function send(file, address, list) {
    const line = make("li", { textContent: file.name });
    const bar = make("progress", { max: 100, value: 0 });
    bar.setAttribute("aria-label", `${file.name} on its way`);
    line.append(bar);
    list.append(line);
    const refuse = (words) => { bar.remove(); line.append(make("p", { className: "mistake", textContent: words })); };
    return new Promise((done) => {
      if (file.size > Number(byId("upload-files").dataset.largest)) { refuse("It is larger than 20 MB: save it smaller."); return done(); }
      const request = new XMLHttpRequest();
      request.open("POST", address);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = 100 * event.loaded / event.total; };
      request.onerror = () => { refuse("The connection was lost. Choose it again."); done(); };
      request.onload = () => {
        if (request.status === 201) line.remove();
        else refuse(request.response?.refused?.[0] ?? "This could not be uploaded. Reload the page and try again.");
        done();
      };
      const body = new FormData();
      body.append("csrf_token", token());
      body.append("pictures", file);
      request.send(body);
    });
  }
  async function upload(files) {
    const list = byId("uploads");
    list.replaceChildren();
    for (const file of files) { await send(file, byId("upload").action, list); await refresh(); }
    byId("upload-files").value = "";
  }
  // What was typed beside a picture stays; numbers of rows may be others now.
  async function refresh() {
    const media = byId("media");
    const answer = await fetch(media.dataset.media, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const typed = new Map([...media.querySelectorAll("[data-picture]")].map((item) => [item.dataset.picture, item]));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("media");
    for (const item of fresh.querySelectorAll("[data-picture]")) {
      const before = typed.get(item.dataset.picture);
      if (!before) continue;
      for (const field of item.querySelectorAll("input:not([type=hidden]), select")) {
        const part = field.name.split(".")[2];
        const was = before.querySelector(`[name$=".${part}"]`);
        if (was) field.value = was.value;
      }
    }
    const focused = media.contains(document.activeElement) ? document.activeElement.id : "";
    const wasChanged = form.classList.contains("is-changed");
    media.replaceWith(fresh);
    if (!wasChanged) document.dispatchEvent(new Event("form:settled")); // what came from the shop is saved already
    if (focused) byId(focused)?.focus();
    prepare(fresh);
  }
  let waiter = 0;
  function prepare(media) {
    for (const item of media.querySelectorAll("[data-picture]")) item.draggable = item.querySelector("[data-place]") !== null;
    clearTimeout(waiter);
    if (media.hasAttribute("data-waiting")) waiter = setTimeout(refresh, 2000);
  }

  // -- order by drag: it fills in the numbers that are there for everybody
  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".media-item") ?? null;
    if (dragged) { dragged.classList.add("is-dragged"); event.dataTransfer.effectAllowed = "move"; }
  });
  document.addEventListener("dragover", (event) => {
    const target = event.target.closest?.(".media-item, .upload");
    document.querySelectorAll(".is-target, .is-over").forEach((item) => item.classList.remove("is-target", "is-over"));
    if (!target || (dragged ? target.matches(".upload") : !target.matches(".upload"))) return;
    event.preventDefault();
    target.classList.add(dragged ? "is-target" : "is-over");
  });
  document.addEventListener("drop", (event) => {
    const target = event.target.closest?.(".media-item, .upload");
    if (!target) return;
    event.preventDefault();
    if (!dragged) { if (event.dataTransfer.files.length) upload([...event.dataTransfer.files]); return; }
    const items = [...target.parentElement.children];
    if (items.indexOf(dragged) < items.indexOf(target)) target.after(dragged); else target.before(dragged);
    [...target.parentElement.querySelectorAll("[data-place]")].forEach((field, place) => { field.value = place + 1; });
    changed(target.parentElement.querySelector("[data-place]"));
  });
  document.addEventListener("dragend", () => {
    document.querySelectorAll(".is-dragged, .is-target, .is-over").forEach((item) => item.classList.remove("is-dragged", "is-target", "is-over"));
    dragged = null;
  });

  // -- the grid: arrows move, Ctrl-D fills down, a block of a spreadsheet is pasted from the cell on
  const cellsOf = (row) => [...row.querySelectorAll("input[data-column]")];
  const rowsFrom = (row) => { const rows = [...row.parentElement.rows]; return rows.slice(rows.indexOf(row)); };
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.("[data-grid] input[data-column]");
    if (!cell || event.altKey || event.metaKey) return;
    const row = cell.closest("tr"), column = cell.dataset.column;
    if (event.ctrlKey && event.key === "d") {
      event.preventDefault();
      for (const each of rowsFrom(row).slice(1)) each.querySelector(`[data-column="${column}"]`).value = cell.value;
      changed(cell);
    } else if (!event.ctrlKey && (event.key === "ArrowDown" || event.key === "ArrowUp" || event.key === "Enter")) {
      const next = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
      event.preventDefault();
      next?.querySelector(`[data-column="${column}"]`)?.focus();
    }
  });
  document.addEventListener("paste", (event) => {
    const cell = event.target.closest?.("[data-grid] input[data-column]");
    const text = event.clipboardData?.getData("text/plain").replace(/\r/g, "").replace(/\n$/, "") ?? "";
    if (!cell || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    const start = cellsOf(cell.closest("tr")).indexOf(cell), rows = rowsFrom(cell.closest("tr"));
    text.split("\n").slice(0, rows.length).forEach((line, place) => {
      line.split("\t").forEach((value, step) => {
        const target = cellsOf(rows[place])[start + step];
        if (target && !target.readOnly) target.value = value.trim();
      });
    });
    changed(cell);
  });

  // -- what search engines and the shop would show
  const field = (name) => form.elements[name]?.value.trim() ?? "";
  function sayAsShown() {
    const snippet = byId("snippet");
    byId("snippet-title").textContent = `${field("seoTitle") || field("name") || "Name"} · ${snippet.dataset.shop}`;
    const words = new DOMParser().parseFromString(field("description"), "text/html").body.textContent.trim();
    byId("snippet-text").textContent = (field("seoDescription") || words || "The beginning of the description.").slice(0, 160);
    const address = byId("snippet-address");
    const plain = (words) => words.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    address.textContent = address.textContent.replace(/[^/]*$/, field("slug") || plain(field("name")));
  }
  let asking = 0;
  function previewDescription() {
    clearTimeout(asking);
    asking = setTimeout(async () => {
      const shown = byId("description-preview");
      const body = new URLSearchParams({ csrf_token: token(), description: form.elements.description.value });
      const answer = await fetch(shown.dataset.preview, { method: "POST", body });
      if (answer.ok) shown.innerHTML = await answer.text(); // made harmless by the shop, as on the product's page
    }, 400);
  }
  document.addEventListener("input", (event) => {
    if (event.target.form !== form) return;
    sayAsShown();
    if (event.target.name === "description") previewDescription();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "upload-files" && event.target.files.length) upload([...event.target.files]);
  });
  if (byId("media")) prepare(byId("media"));
})();
