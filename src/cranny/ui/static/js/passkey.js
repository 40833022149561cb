// Passkeys: asks the server for a challenge, the device for its answer, and goes on where the server says.
// Where the browser does not know them the button stays hidden; the other ways are there without any script.

const post = async (path, body) => {
  const answer = await fetch(path, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw said.next ? new Elsewhere(said.next) : new Refused();
  return said;
};
class Refused extends Error {}
class Elsewhere extends Error {} // the session is over, or asks for a fresh proof

const ways = {
  show: async (options) => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }),
  make: async (options) => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }),
};

const run = async (box) => {
  const { passkey, path, next } = box.dataset;
  const begun = await post(`${path}/begin`, {});
  const credential = await ways[passkey](begun.options);
  const label = box.querySelector("[name=label]")?.value ?? "";
  const led = await post(path, { credential: credential.toJSON(), state: begun.state, label, next });
  location.assign(led.next);
};

for (const box of document.querySelectorAll("[data-passkey]")) {
  if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) continue;
  const button = box.querySelector("button"), note = box.querySelector(".note");
  box.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    note.hidden = true;
    try {
      await run(box);
    } catch (error) {
      if (error instanceof Elsewhere) return location.assign(`${error.message}?next=${encodeURIComponent(location.pathname)}`);
      note.querySelector("span").textContent = error instanceof Refused ? box.dataset.refused : box.dataset.cancelled;
      note.hidden = false;
      button.disabled = false;
    }
  });
}
