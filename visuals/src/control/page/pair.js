// Gives the code, and then loads the page itself.

const form = document.getElementById("pair");
const code = document.getElementById("code");
const told = document.getElementById("told");

async function give(digits) {
  told.textContent = "";
  try {
    const answer = await fetch("/pair", { method: "POST", body: digits });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    told.textContent = (await answer.text()).trim();
  } catch {
    told.textContent = "the program does not answer";
  }
  code.value = "";
  code.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  give(code.value.trim());
});
code.addEventListener("input", () => code.value.length === 6 && form.requestSubmit());

// From a QR code the digits come behind the `#`, which no server sees.
const digits = location.hash.slice(1);
if (/^\d{6}$/.test(digits)) {
  history.replaceState(null, "", location.pathname);
  give(digits);
}
