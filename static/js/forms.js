// What was refused is not held against a field once it is mended, also for those who hear the page.
document.addEventListener("input", ({ target: field }) => {
  if (!field.matches("[aria-invalid]") || !field.checkValidity()) return;
  field.removeAttribute("aria-invalid");
  document.getElementById(`${field.id}-mistake`)?.remove();
});
