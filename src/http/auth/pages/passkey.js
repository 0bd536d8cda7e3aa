// @ts-nocheck
/*
 * The only script of the pages: asks the browser for a passkey and puts what it answers into the form, and shows a
 * password that somebody is typing. Without it a person still signs in with a password and a code.
 */
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const button = form.querySelector('button');
  const problem = form.querySelector('[data-problem]');
  const answer = form.querySelector('input[name=passkey]');
  if (window.PublicKeyCredential?.parseRequestOptionsFromJSON === undefined) {
    show(problem, 'This browser has no passkeys.');
    button.hidden = true;
    continue;
  }
  form.addEventListener('submit', async (event) => {
    if (answer.value !== '') return;
    event.preventDefault();
    try {
      answer.value = JSON.stringify(await ask(form.dataset.passkey, JSON.parse(form.dataset.options)));
      form.requestSubmit();
    } catch (error) {
      show(
        problem,
        error.name === 'InvalidStateError'
          ? 'This device has a passkey of this account already.'
          : 'No passkey was used. Try again, or go another way.',
      );
    }
  });
}

for (const button of document.querySelectorAll('button[data-reveal]')) {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener('click', () => {
    const shown = input.type === 'text';
    input.type = shown ? 'password' : 'text';
    button.textContent = shown ? 'Show password' : 'Hide password';
  });
}

async function ask(what, options) {
  const publicKey =
    what === 'create'
      ? PublicKeyCredential.parseCreationOptionsFromJSON(options)
      : PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials[what]({ publicKey });
  return credential.toJSON();
}

function show(element, text) {
  element.textContent = text;
  element.hidden = false;
}
