// What the HTML checker holds against no page of ours, and why. Everything else it recommends is asked for.
export default {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    "no-implicit-button-type": "off", // a button in a form submits it: that is HTML's own default, and what is meant
    "no-trailing-whitespace": "off", // templates leave some; nobody sees it, and compression takes it away
    "doctype-style": ["error", { style: "lowercase" }], // both spellings are right; this one is ours
    "attr-quotes": "off", // aria-current=page needs none
    // The cart's "One more" and "One less" have one name and different numbers; only the pressed one is sent.
    "form-dup-name": "off",
  },
};
