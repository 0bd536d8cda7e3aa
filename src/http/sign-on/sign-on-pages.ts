/** The pages that a person sees between this server and a provider. */
import type { ArrivalRefusal } from '../../identity/external.ts';
import type { OutsideRefusal } from '../../ports/sign-on.ts';
import { html } from '../auth/pages/html.ts';
import { button, form, textField, type Form, type WebPage } from '../auth/pages/layout.ts';

/** Why nobody came in. */
export type SignOnObstacle =
  | ArrivalRefusal
  | OutsideRefusal
  | 'overtaken'
  | 'unknown-provider'
  | 'no-question'
  | 'step-up'
  | 'not-linked'
  | 'no-factor'
  | 'tried';

interface ObstacleWords {
  readonly status: number;
  readonly title: string;
  readonly words: string;
}

const ASK = 'Ask the administrator of your organization.';

const OBSTACLES: Readonly<Record<SignOnObstacle, ObstacleWords>> = {
  'no-role': {
    status: 403,
    title: 'You have no role here yet',
    words: `Your organization knows you, but has given you no role on this server. ${ASK}`,
  },
  'groups-elsewhere': {
    status: 403,
    title: 'Your groups are too many',
    words: `Your organization’s sign-in leaves out the groups of people who are in very many. ${ASK} Roles of the application do not have this limit.`,
  },
  'account-not-active': {
    status: 403,
    title: 'Your account is closed for now',
    words: `Nobody can sign in to it until an administrator opens it again. ${ASK}`,
  },
  'not-known': {
    status: 403,
    title: 'You have no account here yet',
    words: `Your organization knows you, but accounts here are made by invitation. ${ASK}`,
  },
  'no-login-name': {
    status: 403,
    title: 'Your e-mail address is missing',
    words: `Your organization’s sign-in did not say your e-mail address, which the account needs. ${ASK}`,
  },
  unreachable: {
    status: 503,
    title: 'Your organization’s sign-in does not answer',
    words: 'Try again in a minute. If you have a passkey for this server, you can sign in with it meanwhile.',
  },
  ended: {
    status: 400,
    title: 'This took too long',
    words: 'Your organization’s sign-in does not accept the answer any more. Start again.',
  },
  denied: {
    status: 403,
    title: 'You were not signed in',
    words: 'The sign-in of your organization was cancelled, or it said no.',
  },
  invalid: {
    status: 400,
    title: 'This sign-in cannot be trusted',
    words: `The answer of your organization’s sign-in was not right, so nothing was opened. ${ASK}`,
  },
  overtaken: {
    status: 409,
    title: 'This answer was used already',
    words: 'Each sign-in opens one session. Start again if you are not signed in.',
  },
  'unknown-provider': {
    status: 404,
    title: 'There is no such sign-in',
    words: `The address may have been typed wrong, or the sign-in was switched off. ${ASK}`,
  },
  'no-question': {
    status: 400,
    title: 'This sign-in was not started here',
    words: 'It was started in another browser, or too long ago. Start again from the sign-in page.',
  },
  'step-up': {
    status: 403,
    title: 'This needs your second factor',
    words:
      'Your organization’s sign-in did not prove that you have just used it. Use a passkey or code of this server instead.',
  },
  'not-linked': {
    status: 409,
    title: 'This could not be linked',
    words: 'It is linked to an account already, or your own sign-in was too long ago. Start again.',
  },
  'no-factor': {
    status: 403,
    title: 'A second factor is missing',
    words: `Your organization’s sign-in proved none, and you have none here that can be asked for. ${ASK}`,
  },
  tried: {
    status: 200,
    title: 'The trial is on record',
    words:
      'What the sign-in said of this login was kept. Close this window, and look at the sign-in’s record.',
  },
};

export function obstaclePage(obstacle: SignOnObstacle): WebPage & { readonly status: number } {
  const { status, title, words } = OBSTACLES[obstacle];
  return { status, title, body: html`<p>${words}</p>` };
}

/** What is asked of somebody whose address an account here has. */
interface LinkView {
  /** The name of the provider. */
  readonly provider: string;
  /** Whether it is an EHR, whose people nobody knows by an address. */
  readonly isEhr: boolean;
  /** Where the person signs in with what is kept here; undefined when that is done. */
  readonly ownLogin: string | undefined;
  readonly link: Form;
}

export const linkPage = ({ provider, isEhr, ownLogin, link }: LinkView): WebPage => ({
  title: isEhr ? 'Which account is yours?' : 'Is this your account?',
  body: html`<p>
      ${
        isEhr
          ? html`<strong>${provider}</strong> has opened this server for you, and nobody here knows yet which
              account is yours. It opens yours after you have shown which it is.`
          : html`Somebody with your e-mail address has an account here. An address proves nothing, so the
              sign-in of <strong>${provider}</strong> opens it only after you have shown that it is yours.`
      }
    </p>
    ${
      ownLogin === undefined
        ? html`<p>
              From now on, the sign-in of <strong>${provider}</strong> will open your account, for the
              organizations of ${provider} alone. Do this only if you started it.
            </p>
            ${form(link, button(`Let ${provider} sign me in`), 'Link the sign-in')}`
        : html`<p>
            <a href="${ownLogin}">Sign in with your password or passkey</a>, then come back to this page.
          </p>`
    }`,
});

/** @param start undefined for an EHR, which opens this server itself */
export const linkedPage = (provider: string, start: string | undefined): WebPage => ({
  title: 'The sign-in is linked',
  notice: `${provider} can sign you in from now on.`,
  body:
    start === undefined
      ? html`<p>Close this window, and open the patient from ${provider} again.</p>`
      : html`<p><a href="${start}">Sign in with ${provider}</a></p>`,
});

interface ChooserView {
  readonly form: Form;
  /** The providers for the address that was typed; undefined: none was. */
  readonly choices: readonly { readonly label: string; readonly address: string }[] | undefined;
}

/** Who signs in with an organization types an address: its domain alone chooses the provider. */
export const chooserPage = ({ form: sent, choices }: ChooserView): WebPage => ({
  title: 'Sign in with your organization',
  error:
    choices?.length === 0 ? 'No sign-in is set up for that address. Check it, or sign in here.' : undefined,
  body: html`${
    choices !== undefined &&
    choices.length > 0 &&
    html`<ul class="rows">
      ${choices.map(({ label, address }) => html`<li><a href="${address}">${label}</a></li>`)}
    </ul>`
  }
  ${form(
    sent,
    html`${textField({ name: 'email', label: 'Your e-mail address at work', autocomplete: 'email' })}
    ${button('Continue')}`,
    'Find your organization',
  )}`,
});
