// Passkeys, and the way back from another provider. Only the pages that need it load it; both work without, by a letter
// and by a button.
(() => {
  "use strict";

  // A form that is sent by itself: its button stands there for browsers that do not run this.
  const go = document.querySelector("form[data-go]");
  if (go) {
    go.requestSubmit();
    return;
  }

  const read = window.PublicKeyCredential && {
    get: PublicKeyCredential.parseRequestOptionsFromJSON,
    create: PublicKeyCredential.parseCreationOptionsFromJSON,
  };

  // Asks the device for what the page offers; what it answers goes along in the form.
  async function ask(form) {
    const what = form.dataset.passkey;
    const answer = await fetch(form.dataset.options, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" },
    });
    if (!answer.ok) throw new Error("refused");
    const publicKey = read[what].call(PublicKeyCredential, await answer.json());
    const credential = await navigator.credentials[what]({ publicKey });
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    form.submit();
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!read || !read[form.dataset.passkey] || !window.isSecureContext) continue;
    form.hidden = false;
    document.querySelector("[data-passkey-missing]")?.remove();
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const said = form.querySelector("[data-said]");
      const button = form.querySelector("button");
      said.hidden = true;
      button.setAttribute("aria-busy", "true");
      try {
        await ask(form);
      } catch (error) {
        said.textContent =
          error.name === "InvalidStateError"
            ? "This device has a passkey for this account already."
            : "Nothing was done: the device did not go on. Try again, or use a letter.";
        said.hidden = false;
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
  }
})();
