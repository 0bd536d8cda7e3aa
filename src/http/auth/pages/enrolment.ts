/** The pages of a new account: the invitation, the passkey or password, the authenticator app, the recovery codes. */
import { html, type Html } from './html.ts';
import { button, textField, form, type Form, type WebPage } from './layout.ts';
import { passkeyForm, passwordField, type PasskeyQuestion } from './sign-in.ts';

/** What the page of an invitation shows. Opening the page changes nothing: programs that look at mail open links. */
interface InvitationView {
  readonly form: Form;
  readonly organization: string | undefined;
  /** The inviter tells a code by another way. */
  readonly asksCode: boolean;
  readonly error?: string | undefined;
}

export const invitationPage = ({ form: sent, organization, asksCode, error }: InvitationView): WebPage => ({
  title: 'Your invitation',
  error,
  body: html`
    <p>
      ${
        organization === undefined
          ? 'You were invited to Closeloop.'
          : html`<strong>${organization}</strong> invites you to Closeloop.`
      }
      Next you choose how you sign in. It takes about three minutes.
    </p>
    ${form(
      sent,
      html`${
        asksCode &&
        textField({
          name: 'code',
          label: 'Code that you were told with the invitation',
          autocomplete: 'off',
          wrong: error !== undefined,
          maxLength: 64,
        })
      }
      ${button('Accept the invitation')}`,
      'Accept the invitation',
    )}
  `,
});

/** What the first page of enrolment shows. */
interface EnrolView {
  readonly passkey: PasskeyQuestion;
  readonly password: Form;
  readonly lengthMin: number;
  readonly error?: string | undefined;
}

export const enrolPage = ({ passkey, password, lengthMin, error }: EnrolView): WebPage => ({
  title: 'Choose how you sign in',
  error,
  script: true,
  body: html`
    <h2>With a passkey (recommended)</h2>
    <p>
      Your phone, your computer or a security key signs you in with your fingerprint, your face or a PIN.
      Nobody can steal it with a false page.
    </p>
    ${passkeyForm(passkey)}
    <hr class="or" />
    <h2>With a password and a code</h2>
    <p>You type a password, and each time a code from an app on your phone.</p>
    ${form(
      password,
      html`${passwordField(
        'new-password',
        'New password',
        error !== undefined,
        `At least ${lengthMin} characters. A few words in a row are easy to remember. Spaces are fine.`,
      )}
      ${button('Continue')}`,
      'Choose a password',
    )}
  `,
});

/** What the page of the authenticator app shows, once. */
interface TotpView {
  readonly form: Form;
  /** The picture of the address, as SVG. */
  readonly picture: Html;
  /** Base32, for typing. */
  readonly secret: string;
  readonly error?: string | undefined;
}

export const totpPage = ({ form: sent, picture, secret, error }: TotpView): WebPage => ({
  title: 'Add your authenticator app',
  error,
  body: html`
    <p>Open an authenticator app on your phone and scan this picture.</p>
    <div class="qr">${picture}</div>
    <p>Or type this key into the app: <span class="code">${grouped(secret)}</span></p>
    ${form(
      sent,
      html`${codeField('first', 'Code that the app shows now', error)}
      ${codeField('second', 'Next code, when the app shows another', error)} ${button('Continue')}`,
      'Confirm the authenticator app',
    )}
  `,
});

const codeField = (name: string, label: string, error: string | undefined): Html =>
  textField({
    name,
    label,
    autocomplete: 'one-time-code',
    numeric: true,
    wrong: error !== undefined,
    maxLength: 16,
  });

const grouped = (secret: string): string => secret.replace(/.{4}(?=.)/g, '$& ');

/** What the page of the recovery codes shows, once. */
interface RecoveryCodesView {
  readonly form: Form;
  readonly codes: readonly string[];
}

export const recoveryCodesPage = ({ form: sent, codes }: RecoveryCodesView): WebPage => ({
  title: 'Keep your recovery codes',
  body: html`
    <p>
      With one of these codes you get in when your phone or key is lost. Each works once. They are shown only
      now: print them, or write them down, and keep them where nobody else looks.
    </p>
    <ul class="codes">
      ${codes.map((code) => html`<li>${code}</li>`)}
    </ul>
    ${form(
      sent,
      html`<label class="choice"
          ><input type="checkbox" name="kept" value="yes" required />I have kept these codes.</label
        >
        ${button('Continue')}`,
      'Recovery codes',
    )}
  `,
});
