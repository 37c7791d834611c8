// Runs in a world of its own, which the page does not see, in documents of the origins that
// are signed in to. Finds log-in forms and says which fields they have; knows no value until
// one is put in.
((origins, tell) => {
  if (!origins.includes(location.origin)) return;
  const LOOK_EVERY = 300;
  const SUBMIT_WITHIN = 3000;
  const TEXTUAL = ['text', 'email', 'tel', 'number'];
  const PERSON = /user|login|log-in|e-?mail|account|identifier|signin|benutzer|konto|kennung/;
  const CODE = /one.?time|\b(otp|totp|mfa|2fa|tfa)|(otp|totp|mfa|2fa|tfa)\b|(verification|security|auth\w*).?code/;
  const asked = new WeakSet();
  let fields = {};

  function* inputs(root) {
    for (const element of root.querySelectorAll('*')) {
      if (element instanceof HTMLInputElement) yield element;
      if (element.shadowRoot) yield* inputs(element.shadowRoot);
    }
  }
  const hints = (input) => (input.getAttribute('autocomplete') ?? '').toLowerCase().split(/\s+/);
  const words = (input) => [
    input.name, input.id, input.placeholder, input.getAttribute('aria-label'),
    ...[...(input.labels ?? [])].map((label) => label.textContent),
  ].join(' ').toLowerCase().replaceAll('_', '-');
  const isUsable = (input) => !input.disabled && !input.readOnly
    && input.getClientRects().length > 0 && input.checkVisibility({ visibilityProperty: true });
  const isCode = (input) => hints(input).includes('one-time-code')
    || ([...TEXTUAL, 'password'].includes(input.type) && CODE.test(words(input)));
  const isText = (input) => TEXTUAL.includes(input.type) && !isCode(input);
  const namesPerson = (input) => ['username', 'email'].some((hint) => hints(input).includes(hint));

  const find = () => {
    const all = [...inputs(document)].filter(isUsable);
    const secrets = all.filter((input) => input.type === 'password' && !isCode(input));
    // Two of them are a new password and its repetition.
    const password = secrets.length === 1 && !hints(secrets[0]).includes('new-password')
      ? secrets[0] : undefined;
    const before = password ? all.slice(0, all.indexOf(password)).filter(isText) : [];
    const lone = secrets.length === 0
      ? all.find((input) => isText(input) && PERSON.test(words(input))) : undefined;
    const username = all.find((input) => isText(input) && namesPerson(input) && secrets.length < 2)
      ?? before.at(-1) ?? lone;
    return { username, password, totp: all.find(isCode) };
  };

  const look = () => {
    const news = Object.entries(find()).filter(([, input]) => input && !input.value && !asked.has(input));
    if (news.length === 0) return;
    fields = Object.fromEntries(news);
    news.forEach(([, input]) => asked.add(input));
    tell(JSON.stringify(Object.keys(fields)));
  };

  const put = (input, value) => {
    input.focus({ preventScroll: true });
    // This world has the browser's own setter, which a framework's bookkeeping does not notice:
    // so it takes the event for a person's input.
    input.value = value;
    input.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true, inputType: 'insertText' }));
    input.dispatchEvent(new Event('change', { bubbles: true, composed: true }));
  };

  const buttonNear = (input) => {
    const which = 'button:not([type=button]), input[type=submit], input[type=image]';
    if (input.form) return input.form.querySelector(which) ?? undefined;
    for (let place = input.parentNode; place; place = place.parentNode ?? place.host) {
      const button = place.querySelector?.(`${which}, button, [role=button]`);
      if (button) return button;
    }
    return undefined;
  };
  const submit = (input, until) => {
    const button = buttonNear(input);
    if (button?.disabled && Date.now() < until) {
      setTimeout(submit, 50, input, until);
    } else if (button) {
      button.click();
    } else {
      input.form?.requestSubmit();
    }
  };

  globalThis.fanlightPut = (values, sends) => {
    const put_in = Object.entries(values).filter(([name]) => fields[name]?.isConnected);
    put_in.forEach(([name, value]) => put(fields[name], value));
    const last = put_in.at(-1);
    if (sends && last) submit(fields[last[0]], Date.now() + SUBMIT_WITHIN);
    return put_in.map(([name]) => name);
  };
  setInterval(look, LOOK_EVERY);
})
