// Paying by card. The provider's script is loaded once a card is chosen; of the card itself the shop sees nothing.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const form = () => document.querySelector("[data-pays]");
  const isCard = () => byId("pay-card")?.checked;
  const kept = () => document.querySelector("[name=paymentMethodId]:checked")?.value;
  const sum = () => {
    const { amount, currency } = byId("place-order").dataset;
    return { amount: Number(amount), currency };
  };
  let loading, stripe, elements, isBusy = false, isPassing = false;

  const say = (words, waits = "") => {
    byId("card-said").textContent = words;
    byId("card-waits").textContent = waits;
  };

  function load() {
    const { script: src, key } = byId("card").dataset;
    loading ??= new Promise((loaded, failed) => {
      document.head.append(Object.assign(document.createElement("script"), { src, onload: loaded, onerror: failed }));
    }).then(() => { stripe = window.Stripe(key); });
    return loading.catch((error) => { loading = null; throw error; });
  }

  async function loadKept() {
    const list = byId("kept-cards");
    if (!list || list.dataset.asked) return;
    list.dataset.asked = "yes";
    try {
      const answer = await fetch(list.dataset.from, { headers: { "HX-Request": "true", "HX-Request-Type": "partial" } });
      if (answer.ok) list.innerHTML = await answer.text();
    } catch { /* then another card is asked for */ }
  }

  async function show() {
    if (!isCard()) return;
    await loadKept();
    if (kept() || elements || !sum().amount) return;
    say("", "Loading the form for the card…");
    try {
      await load();
    } catch {
      say("The form for the card could not be loaded. Look at your connection, or choose another way to pay.");
      return;
    }
    if (elements) return;
    say("");
    elements = stripe.elements({ mode: "payment", paymentMethodTypes: ["card"], ...sum() });
    elements.create("payment").mount("#card-element");
  }

  // What is swapped in was printed for those without script, and may have another total.
  function refresh() {
    const choice = byId("pay-card");
    if (!choice) return;
    choice.disabled = false;
    if (!isBusy) byId("card-waits").textContent = "";
    if (elements && sum().amount) elements.update(sum());
    show();
  }

  // While the bank is asked, what it said of another card does not stand.
  function askBank() {
    document.querySelectorAll("#pay > .notice").forEach((old) => old.remove());
    say("", "Asking the bank…");
  }

  // The card's own fields are looked at first; only then is the form sent as any other.
  window.addEventListener("submit", async (event) => {
    const { target, submitter } = event;
    if (isPassing || !target.matches("[data-pays]") || !isCard() || submitter?.value !== "place") return;
    if (isBusy) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (!sum().amount) return;
    if (kept()) return askBank();
    event.preventDefault();
    event.stopImmediatePropagation();
    isBusy = true;
    say("");
    await show();
    let error = { message: "" };
    if (elements) {
      const keeps = target.querySelector("[name=savePaymentMethod]")?.checked;
      elements.update({ setupFutureUsage: keeps ? "on_session" : null });
      ({ error } = await elements.submit());
    }
    await new Promise((later) => setTimeout(later));  // while this press is still being told about, no other counts
    isBusy = false;
    if (error) {
      if (error.message) say(error.message);
      return;
    }
    askBank();
    isPassing = true;
    target.requestSubmit(submitter);
    isPassing = false;
  }, true);

  // The order is placed and its payment begun; the answer is for nobody but the provider's script.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (!ctx?.response?.headers?.get("Content-Type")?.startsWith("application/json")) return;
    event.preventDefault();
    if (ctx.response.status === 200) confirm(JSON.parse(ctx.text));
  });

  async function confirm({ clientSecret, returnUrl, isAsked }) {
    const isPlaced = form().id === "checkout", button = byId("place-order");
    isBusy = button.disabled = true;
    askBank();
    try { sessionStorage.removeItem("checkout"); } catch { /* storage may be forbidden */ }
    if (isPlaced) history.replaceState(null, "", returnUrl);  // from the bank's page Back leads to the order
    let error;
    try {
      await load();
      const confirmParams = { return_url: returnUrl };
      ({ error } = isAsked ? await stripe.handleNextAction({ clientSecret })
        : await stripe.confirmPayment({ elements, clientSecret, confirmParams, redirect: "if_required" }));
    } catch { /* whatever became of it, the bank is asked on the way back */ }
    if (isPlaced || error?.type !== "card_error") return location.assign(returnUrl);
    isBusy = button.disabled = false;
    say(error.message);
  }

  // No answer came, so it is not known how far it went; the same form sent again orders and pays once all the same.
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    if (!ctx || ctx.response || !ctx.sourceElement?.matches("[data-pays]") || !isCard()) return;
    say("No answer came. Look at your connection and press again: it is ordered and paid once, however often you press.");
  });
  document.addEventListener("change", ({ target }) => target.closest("[data-pays]") && show());
  document.addEventListener("htmx:after:swap", refresh);
  document.addEventListener("DOMContentLoaded", () => {
    if (form()?.matches("[data-wants-card]")) byId("pay-card").checked = true;
    refresh();
  });
})();
