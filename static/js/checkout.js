// What was typed at the checkout outlives a reload, in this tab alone and until it is ordered; nothing of paying is kept.
(() => {
  "use strict";
  const NAME = "checkout";
  const KEPT = "#checkout :is([name^=shippingAddress], [name^=billingAddress], [name=shippingMethod], [name=notes])";
  const cart = () => document.querySelector("#checkout [name=cartId]")?.value;
  const isTick = ({ type }) => type === "radio" || type === "checkbox";

  document.addEventListener("input", ({ target }) => {
    if (!target.closest("#checkout")) return;
    const values = [...document.querySelectorAll(KEPT)].map((field) => [field.id, isTick(field) ? field.checked : field.value]);
    try { sessionStorage[NAME] = JSON.stringify({ cart: cart(), values }); } catch { /* storage may be forbidden */ }
  });
  document.addEventListener("htmx:after:request", ({ detail }) => {
    if (detail.ctx.hx.redirect?.startsWith("/orders/")) sessionStorage.removeItem(NAME);
  });

  // Enter in the field of the code applies it; without script it would ask for the rest of the form first.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.id !== "discountCode" || !event.target.closest("#checkout")) return;
    event.preventDefault();
    event.target.parentElement.querySelector("button").click();
  });

  // What the shop has filled stays, and so does a form that it refused: both are newer.
  function restore([id, value]) {
    const field = document.getElementById(id);
    if (!field || field.matches("[hx-post]")) return;
    if (!isTick(field)) {
      if (!field.value || field.matches("select")) field.value = value;
      const fold = field.closest("details");
      if (fold && value) fold.open = true;
    } else if (field.checked !== value && (value || field.type === "checkbox")) field.click();  // its price follows
  }
  setTimeout(() => {  // once HTMX hears what is chosen
    if (performance.getEntriesByType("navigation")[0]?.type !== "reload" || document.getElementById("mistakes")) return;
    try {
      const kept = JSON.parse(sessionStorage[NAME]);
      if (kept.cart === cart()) kept.values.forEach(restore);
    } catch { /* nothing was kept */ }
  });
})();
