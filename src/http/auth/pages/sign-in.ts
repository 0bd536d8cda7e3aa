/** The pages by which a person says who they are: name and password or passkey, the second factor, and unlocking. */
import { html, type Html } from './html.ts';
import { button, textField, form, FORM_TOKEN, type Form, type WebPage } from './layout.ts';

/** A question that the browser puts to the passkeys of a person. */
export interface PasskeyQuestion extends Form {
  /** `get` to sign in, `create` to make one. */
  readonly ask: 'get' | 'create';
  /** The options of WebAuthn as JSON. */
  readonly options: string;
  readonly label: string;
}

/** A form that the script fills in; it says so where the browser has no passkeys. */
export const passkeyForm = ({ action, token, ask, options, label }: PasskeyQuestion, more?: Html): Html =>
  html`<form
    method="post"
    action="${action}"
    aria-label="${label}"
    data-passkey="${ask}"
    data-options="${options}"
  >
    <input type="hidden" name="${FORM_TOKEN}" value="${token}" />
    <input type="hidden" name="passkey" value="" />
    ${more}${button(label)}
    <p class="message problem" role="alert" data-problem hidden></p>
  </form>`;

const OR = html`<hr class="or" />`;

/** What the login page shows. */
interface LoginView {
  /** Who is signed in to: the app's name, or absent for the pages of this server. */
  readonly app?: string | undefined;
  readonly passkey: PasskeyQuestion;
  readonly password: Form;
  readonly login?: string | undefined;
  readonly error?: string | undefined;
  /** Ways of other organizations: their names and addresses. */
  readonly others: readonly { readonly label: string; readonly address: string }[];
  /** Shown by the demonstration alone. */
  readonly notice?: string | undefined;
}

export const loginPage = (view: LoginView): WebPage => ({
  title: 'Sign in',
  error: view.error,
  notice: view.notice,
  script: true,
  body: html`
    ${view.app !== undefined && html`<p>Sign in to continue to <strong>${view.app}</strong>.</p>`}
    ${passkeyForm(view.passkey)} ${OR}
    ${form(
      view.password,
      html`${textField({
        name: 'login',
        label: 'E-mail address',
        autocomplete: 'username',
        value: view.login,
        wrong: view.error !== undefined,
      })}
      ${passwordField('current-password', 'Password', view.error !== undefined)} ${button('Continue')}`,
      'Sign in with a password',
    )}
    ${
      view.others.length > 0 &&
      html`${OR}
        <h2>Sign in with your organization</h2>
        <ul class="rows">
          ${view.others.map(({ label, address }) => html`<li><a href="${address}">${label}</a></li>`)}
        </ul>`
    }
  `,
});

/** A password, with a button that shows it where the script runs. */
export const passwordField = (autocomplete: string, label: string, wrong: boolean, hint?: string): Html =>
  html`${textField({
      name: 'password',
      label,
      type: 'password',
      autocomplete,
      wrong,
      ...(hint !== undefined && { hint }),
    })}
    <p><button type="button" class="quiet" data-reveal="password" hidden>Show password</button></p>`;

/** What the page of the second factor shows. */
interface SecondFactorView {
  readonly form: Form;
  /** A code of the app on the phone, or one of the codes that were kept. */
  readonly way: 'totp' | 'recovery';
  /** The page of the other way. */
  readonly other: string;
  readonly error?: string | undefined;
}

export function secondFactorPage({ form: sent, way, other, error }: SecondFactorView): WebPage {
  const wrong = error !== undefined;
  if (way === 'recovery')
    return {
      title: 'Use a recovery code',
      error,
      body: html`
        <p>Type one of the recovery codes that you kept when you set up your account. Each works once.</p>
        ${form(
          sent,
          html`${textField({ name: 'code', label: 'Recovery code', autocomplete: 'off', wrong, maxLength: 64 })}
          ${button('Continue')}`,
          'Recovery code',
        )}
        <p><a href="${other}">Use the code of my authenticator app</a></p>
      `,
    };
  return {
    title: 'Confirm that it is you',
    error,
    body: html`
      <p>Open your authenticator app and type the code that it shows for Closeloop.</p>
      ${form(
        sent,
        html`${textField({
          name: 'code',
          label: 'Six-digit code',
          autocomplete: 'one-time-code',
          numeric: true,
          wrong,
          maxLength: 16,
        })}
        ${button('Continue')}`,
        'Second factor',
      )}
      <p><a href="${other}">Use a recovery code</a></p>
    `,
  };
}

/** What the page of a locked session shows. */
interface UnlockView {
  readonly name: string;
  readonly passkey: PasskeyQuestion;
  /** Absent for an account without a password. */
  readonly password: Form | undefined;
  /** Ends the session and asks who is there. */
  readonly leave: Form;
  readonly error?: string | undefined;
}

export const unlockPage = ({ name, passkey, password, leave, error }: UnlockView): WebPage => ({
  title: 'Locked',
  error,
  script: true,
  body: html`
    <p>
      Nobody used this session for a while, so it was locked. <strong>${name}</strong> can go on where they
      left off.
    </p>
    ${passkeyForm(passkey)}
    ${
      password !== undefined &&
      html`${OR}
      ${form(
        password,
        html`${passwordField('current-password', 'Password', error !== undefined)} ${button('Unlock')}`,
        'Unlock with a password',
      )}`
    }
    ${OR} ${form(leave, button('Sign in as somebody else', { quiet: true }), 'Leave this session')}
  `,
});
