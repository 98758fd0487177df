// The lines of the cart, on its page and beside any other. Both work without it.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);

  // Presses on + and - count at once and are sent together. The cart's requests go one after the other, as each answer
  // replaces the lines: what is pressed meanwhile waits, what is typed stays.
  const steps = new Map(), waiting = [];
  let isBusy = false, typed = null;
  const ofCart = (ctx) => ctx?.sourceElement?.closest?.("#cart-lines");
  function whenIdle(act) {
    if (isBusy) waiting.push(act);
    else act();
  }
  function sendQuantity(id, wanted) {
    whenIdle(() => {
      const field = byId(id);
      if (!field) return;
      field.value = wanted;
      field.form.requestSubmit();
    });
  }
  function dropStep(id) {
    clearTimeout(steps.get(id)?.timer);
    steps.delete(id);
  }
  function pressStep(step) {
    const field = step.parentElement.querySelector("input[type=number]"), { id } = field;
    const wanted = Number(field.value) + (step.id.startsWith("more-") ? 1 : -1);
    if (wanted < Number(field.min) || wanted > Number(field.max)) return;
    dropStep(id);
    typed = null;
    field.value = wanted;
    const timer = setTimeout(() => { dropStep(id); sendQuantity(id, wanted); }, 250);
    steps.set(id, { wanted, timer });
  }
  async function followLink(link) {
    await Promise.all([...steps].map(([id, { wanted }]) => {
      const form = byId(id).form, body = new FormData(form);
      dropStep(id);
      body.set("quantity", wanted);
      return fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => {});
    }));
    location.assign(link.href);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#cart-lines button[id]"), link = event.target.closest("a[href]");
    const isStep = button?.matches(".step");
    if (button?.id.startsWith("remove-")) dropStep(button.id.replace("remove", "quantity"));
    if (!isStep && !(button && isBusy) && !(link && steps.size)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isStep) pressStep(button);
    else if (button) waiting.push(() => byId(button.id)?.click());
    else followLink(link);
  }, true);
  document.addEventListener("input", ({ target }) => {
    if (!target.closest(".stepper")) return;
    dropStep(target.id);
    if (target.checkValidity()) target.removeAttribute("aria-invalid");  // what was refused is mended
    typed = { id: target.id, value: target.value };
  });
  document.addEventListener("focusout", ({ target }) => {
    if (typed?.id !== target.id || !target.isConnected) return;
    typed = null;
    if (target.checkValidity()) sendQuantity(target.id, target.value);
    else target.form.reset();
  });
  document.addEventListener("submit", ({ target }) => {
    if (target.matches(".stepper")) typed = null;
  });
  document.addEventListener("htmx:before:request", ({ detail }) => {
    if (ofCart(detail.ctx)) isBusy = true;
  });
  document.addEventListener("htmx:finally:request", ({ detail }) => {
    if (!isBusy || detail.ctx?.target?.id === "drawer") return;
    isBusy = false;
    for (const [id, { wanted }] of steps) if (byId(id)) byId(id).value = wanted;
    if (typed && byId(typed.id)) byId(typed.id).value = typed.value;
    setTimeout(() => waiting.shift()?.());
  });
})();
