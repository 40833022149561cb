// The secret of a link stands behind its #, which a browser sends to nobody: it goes into the form that hands it in.

const label = document.querySelector("[data-held]");
const field = label?.querySelector("input");

function take() {
  const secret = location.hash.slice(1);
  if (!field || !secret) return;
  field.value = secret;
  field.type = "hidden";
  label.replaceWith(field);
  if ("onward" in field.form.dataset) field.form.requestSubmit();
}

take();
addEventListener("hashchange", take);
