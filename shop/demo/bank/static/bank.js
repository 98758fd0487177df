// What a page loads in place of Stripe.js in development: the calls that the shop uses, and no card field: one chooses
// what the bank will say. It needs no eval and no inline style, so it runs under the policy that Stripe.js runs under.
(() => {
  "use strict";
  const OUTCOMES = /* outcomes */ [];
  const BANK = new URL(document.currentScript.src).origin;
  const NEVER = () => new Promise(() => {}); // the page is about to be left

  const STYLE = `
    :host { display: block; font: inherit; color: var(--ink, #1c1b19); }
    fieldset { margin: 0; padding: 0; border: 0; min-inline-size: 0; }
    legend { padding: 0; font-weight: 600; }
    p { margin: .25rem 0 .75rem; font-size: .875rem; color: var(--ink-2, #4f4b45); }
    label { display: flex; gap: .75rem; align-items: center; box-sizing: border-box; min-block-size: 2.75rem;
      padding: .5rem .875rem;
      border: 1px solid var(--line-strong, #837c70); background: var(--surface, #fff); cursor: pointer; }
    label + label { border-block-start: 0; }
    label:first-of-type { border-start-start-radius: 6px; border-start-end-radius: 6px; }
    label:last-of-type { border-end-start-radius: 6px; border-end-end-radius: 6px; }
    label:has(:checked) { background: var(--accent-soft, #e3efea); }
    label:has(:focus-visible) { outline: 2px solid var(--focus, #1b5fd9); outline-offset: 2px; z-index: 1;
      position: relative; }
    input { margin: 0; inline-size: 1.125rem; block-size: 1.125rem; flex: none; accent-color: var(--accent, #1f5c4d); }
    fieldset:disabled label { cursor: default; opacity: .6; }
  `;

  class IntegrationError extends Error {
    constructor(message) {
      super(message);
      this.name = "IntegrationError";
    }
  }

  class PaymentElement {
    constructor(options) {
      this._options = options;
      this._listeners = {};
      this._host = null;
      this._chosen = OUTCOMES[0].id;
    }

    mount(place) {
      const parent = typeof place === "string" ? document.querySelector(place) : place;
      if (!parent) throw new IntegrationError(`Nothing on this page matches ${place}.`);
      this.unmount();
      this._host = document.createElement("div");
      this._host.dataset.bank = "payment";
      const root = this._host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      root.append(this._draw());
      parent.replaceChildren(this._host);
      queueMicrotask(() => this._tell("ready", { elementType: "payment" }));
    }

    _draw() {
      const set = document.createElement("fieldset");
      set.disabled = Boolean(this._options.readOnly);
      const legend = document.createElement("legend");
      legend.textContent = "What should the bank say?";
      const note = document.createElement("p");
      note.id = "note";
      note.textContent = "A demo bank: no card is asked for and no money moves.";
      set.setAttribute("aria-describedby", note.id);
      set.append(legend, note, ...OUTCOMES.map((outcome) => this._drawChoice(outcome)));
      return set;
    }

    _drawChoice({ id, label: words }) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "radio";
      input.name = "outcome";
      input.value = id;
      input.checked = id === this._chosen;
      input.addEventListener("change", () => {
        this._chosen = id;
        this._tell("change", { elementType: "payment", complete: true, empty: false, value: { type: "card" } });
      });
      label.append(input, words);
      return label;
    }

    on(name, listener) {
      (this._listeners[name] ??= []).push(listener);
      return this;
    }

    off(name, listener) {
      this._listeners[name] = (this._listeners[name] ?? []).filter((known) => known !== listener);
      return this;
    }

    update(options) {
      Object.assign(this._options, options);
      const set = this._host?.shadowRoot.querySelector("fieldset");
      if (set) set.disabled = Boolean(this._options.readOnly);
    }

    focus() {
      this._host?.shadowRoot.querySelector("input:checked")?.focus();
    }

    unmount() {
      this._host?.remove();
      this._host = null;
    }

    destroy() {
      this.unmount();
      this._listeners = {};
    }

    _tell(name, event) {
      for (const listener of this._listeners[name] ?? []) listener(event);
    }
  }

  class Elements {
    constructor(options) {
      this._options = {};
      this._payment = null;
      this._isSubmitted = false;
      this.update(options);
    }

    update(options) {
      const next = { ...this._options, ...options };
      if (!next.clientSecret && next.mode === "payment" && !(Number.isInteger(next.amount) && next.amount > 0)) {
        throw new IntegrationError("elements(): `amount` must be a whole number above 0.");
      }
      if (!next.clientSecret && !/^[a-z]{3}$/.test(next.currency ?? "")) {
        throw new IntegrationError("elements(): `currency` must be three lower-case letters.");
      }
      this._options = next;
    }

    create(kind, options = {}) {
      if (kind !== "payment") throw new IntegrationError(`The demo bank has no ${kind} element.`);
      if (this._payment) throw new IntegrationError("There is already a payment element.");
      this._payment = new PaymentElement({ ...options });
      return this._payment;
    }

    getElement(kind) {
      return kind === "payment" ? this._payment : null;
    }

    async submit() {
      if (!this._payment?._host) return { error: problem("validation_error", "Choose what the bank should say.") };
      this._isSubmitted = true;
      return { selectedPaymentMethod: "card" };
    }

    async fetchUpdates() {
      return {};
    }
  }

  const problem = (type, message) => ({ type, message });

  const idOf = (clientSecret) => String(clientSecret).split("_secret_")[0];

  async function ask(key, path, params, method = "POST") {
    const form = new URLSearchParams({ key });
    for (const [name, value] of Object.entries(params)) if (value) form.set(name, value);
    const url = `${BANK}/v1/${path}`;
    try {
      const answer =
        method === "GET" ? await fetch(`${url}?${form}`) : await fetch(url, { method, body: form, mode: "cors" });
      const body = await answer.json();
      return answer.ok ? { paymentIntent: body } : { error: body.error };
    } catch {
      return { error: problem("api_connection_error", "The bank cannot be reached. Check the connection and try again.") };
    }
  }

  function follow(result, returnUrl, redirect) {
    const intent = result.paymentIntent;
    if (!intent) return result;
    if (intent.status === "requires_action") {
      location.assign(intent.next_action.redirect_to_url.url);
      return NEVER();
    }
    if (redirect === "if_required") return result;
    const target = new URL(returnUrl);
    target.searchParams.set("payment_intent", intent.id);
    target.searchParams.set("payment_intent_client_secret", intent.client_secret);
    target.searchParams.set("redirect_status", intent.status === "succeeded" ? "succeeded" : "pending");
    location.assign(target);
    return NEVER();
  }

  class StandIn {
    constructor(key) {
      this._key = key;
    }

    elements(options) {
      return new Elements(options);
    }

    async confirmPayment({ elements, clientSecret, confirmParams = {}, redirect = "always" }) {
      if (redirect !== "if_required" && !confirmParams.return_url) {
        throw new IntegrationError("confirmPayment(): `confirmParams.return_url` is required.");
      }
      if (elements && !elements._options.clientSecret && !elements._isSubmitted) {
        throw new IntegrationError("confirmPayment(): call elements.submit() first.");
      }
      const secret = clientSecret ?? elements?._options.clientSecret;
      const result = await ask(this._key, `payment_intents/${idOf(secret)}/confirm`, {
        client_secret: secret,
        payment_method: confirmParams.payment_method ?? elements?._payment?._chosen,
        return_url: confirmParams.return_url,
      });
      return follow(result, confirmParams.return_url, redirect);
    }

    retrievePaymentIntent(clientSecret) {
      return ask(this._key, `payment_intents/${idOf(clientSecret)}`, { client_secret: clientSecret }, "GET");
    }

    async handleNextAction({ clientSecret }) {
      return follow(await this.retrievePaymentIntent(clientSecret), "", "if_required");
    }
  }

  window.Stripe = (key) => {
    if (typeof key !== "string" || !key.startsWith("pk_")) {
      throw new IntegrationError("Stripe() takes the publishable key.");
    }
    return new StandIn(key);
  };
})();
