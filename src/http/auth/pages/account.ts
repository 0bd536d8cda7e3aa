/** The pages of a person about themselves: factors, sessions, apps with access, and signing out. */
import { html, type Html } from './html.ts';
import { button, form, hidden, instant, type Form, type WebPage } from './layout.ts';

/** A way by which a person signs in. */
export interface FactorLine {
  readonly id: string;
  /** In words: `Passkey “Phone”`. */
  readonly words: string;
  readonly addedAt: number;
  /** The last one cannot be taken away. */
  readonly removable: boolean;
}

/** A session of a person. */
interface SessionLine {
  readonly id: string;
  readonly device: string;
  readonly organization: string | undefined;
  readonly startedAt: number;
  readonly lastUsedAt: number;
  readonly isThis: boolean;
}

/** What the page of the account shows. */
interface AccountView {
  readonly name: string;
  readonly login: string;
  /** Its id. */
  readonly account: string;
  readonly organization: string | undefined;
  readonly factors: readonly FactorLine[];
  readonly recoveryCodesLeft: number;
  readonly sessions: readonly SessionLine[];
  /** What happened to the account of late that its owner should know. */
  readonly notices: readonly { readonly at: number; readonly words: string }[];
  readonly removeFactor: Form;
  readonly addFactor: string;
  readonly newCodes: Form;
  readonly endSession: Form;
  readonly endAll: Form;
  readonly shareDevice: Form;
  /** Whether several people use the device at which the page is shown. */
  readonly isShared: boolean;
  readonly signOut: string;
  readonly apps: string;
  /** Absent for a person with one membership. */
  readonly switchOrganization: string | undefined;
  readonly error?: string | undefined;
  readonly notice?: string | undefined;
}

export const accountPage = (view: AccountView): WebPage => ({
  title: 'Your account',
  error: view.error,
  notice: view.notice,
  wide: true,
  body: html`
    <p>
      ${view.name},
      ${view.login}${
        view.organization !== undefined && html`, working for <strong>${view.organization}</strong>`
      }.
      ${
        view.switchOrganization !== undefined &&
        html`<a href="${view.switchOrganization}">Change the organization</a>`
      }
    </p>
    <p class="soft">
      Your account is <code>${view.account}</code>. Another organization that adds you to its people asks for
      it.
    </p>
    <p><a href="${view.apps}">Apps with access</a> · <a href="${view.signOut}">Sign out</a></p>
    ${
      view.notices.length > 0 &&
      html`<h2>What happened lately</h2>
        <ul class="rows">
          ${view.notices.map(
            ({ at, words }) =>
              html`<li>
                <p>${words}</p>
                <p class="soft">${instant(at)}</p>
              </li>`,
          )}
        </ul>`
    }
    <h2>How you sign in</h2>
    <ul class="rows">
      ${view.factors.map((one) => factor(one, view.removeFactor))}
    </ul>
    <p><a href="${view.addFactor}">Add a passkey or an authenticator app</a></p>
    <h2>Recovery codes</h2>
    <p>${codesLeft(view.recoveryCodesLeft)}</p>
    ${form(view.newCodes, button('Make new codes', { quiet: true }), 'New recovery codes')}
    <h2>Where you are signed in</h2>
    <ul class="rows">
      ${view.sessions.map((one) => session(one, view.endSession))}
    </ul>
    ${thisDevice(view)} ${form(view.endAll, button('Sign out everywhere'), 'Sign out everywhere')}
  `,
});

const thisDevice = (view: AccountView): Html => html`
  <h2>This device</h2>
  <p>
    ${
      view.isShared
        ? 'Several people use this device: your session locks after five minutes without use.'
        : 'If several people use this device, let your sessions here lock after five minutes without use.'
    }
  </p>
  ${form(
    view.shareDevice,
    html`${hidden('shared', view.isShared ? 'no' : 'yes')}${button(
      view.isShared ? 'Only I use this device' : 'Several people use this device',
      { quiet: true },
    )}`,
    'This device',
  )}
`;

const factor = ({ id, words, addedAt, removable }: FactorLine, remove: Form): Html =>
  html`<li>
    <p>${words}<br /><span class="soft">added ${instant(addedAt)}</span></p>
    ${
      removable &&
      form(
        remove,
        html`${hidden('factor', id)}${button(`Remove ${words}`, { quiet: true })}`,
        `Remove ${words}, added ${new Date(addedAt).toISOString()}`,
      )
    }
  </li>`;

const codesLeft = (left: number): string =>
  left === 1 ? 'One recovery code is left.' : `${left} recovery codes are left.`;

const session = (one: SessionLine, end: Form): Html =>
  html`<li>
    <p>
      ${one.device}${one.organization !== undefined && `, ${one.organization}`}${
        one.isThis && html` <strong>(here)</strong>`
      }<br /><span class="soft">since ${instant(one.startedAt)}, last used ${instant(one.lastUsedAt)}</span>
    </p>
    ${
      !one.isThis &&
      form(
        end,
        html`${hidden('session', one.id)}${button('Sign out there', { quiet: true })}`,
        `Sign out of ${one.device}, since ${new Date(one.startedAt).toISOString()}`,
      )
    }
  </li>`;

/** An app that a person let in. */
export interface AppLine {
  readonly client: string;
  readonly name: string;
  readonly organization: string | undefined;
  /** What it may do, in words. */
  readonly words: readonly string[];
  readonly offline: boolean;
  readonly grantedAt: number;
  readonly lastUsedAt: number | undefined;
}

/** What the page of apps shows (smart SM-62). */
interface AppsView {
  readonly apps: readonly AppLine[];
  readonly remove: Form;
  readonly back: string;
  readonly notice?: string | undefined;
}

export const appsPage = ({ apps, remove, back, notice }: AppsView): WebPage => ({
  title: 'Apps with access',
  notice,
  wide: true,
  body: html`
    ${
      apps.length === 0
        ? html`<p>You have let no app in.</p>`
        : html`<p>When you remove an app, its access ends at once.</p>
            ${apps.map((app) => appSection(app, remove))}`
    }
    <p><a href="${back}">Back to your account</a></p>
  `,
});

const appSection = (app: AppLine, remove: Form): Html =>
  html`<section aria-label="${app.name}">
    <h2>${app.name}</h2>
    <p class="soft">
      ${app.organization !== undefined && `For ${app.organization}. `}Let in ${instant(app.grantedAt)}.
      ${app.lastUsedAt === undefined ? 'Not used yet.' : html`Last used ${instant(app.lastUsedAt)}.`}
      ${app.offline && 'It may come back when you are away.'}
    </p>
    <ul>
      ${app.words.map((words) => html`<li>${words}</li>`)}
    </ul>
    ${form(
      remove,
      html`${hidden('client', app.client)}${button(`Remove ${app.name}`, { quiet: true })}`,
      `Remove ${app.name}, let in ${new Date(app.grantedAt).toISOString()}`,
    )}
  </section>`;

/** What the page of signing out shows (smart SM-55). */
interface SignOutView {
  readonly form: Form;
  /** The app that asks for it. */
  readonly app?: string | undefined;
  /** The fields that the form carries beside its token. */
  readonly carried: Readonly<Record<string, string>>;
}

export const signOutPage = ({ form: sent, app, carried }: SignOutView): WebPage => ({
  title: 'Sign out?',
  body: html`
    <p>
      ${app !== undefined && html`<strong>${app}</strong> asks you to sign out. `}This ends your session here,
      in all tabs, and the access of apps that do not work while you are away.
    </p>
    ${form(
      sent,
      html`${Object.entries(carried).map(([name, value]) => hidden(name, value))}
        <div class="actions">
          ${button('Sign out', { name: 'logout', value: 'yes' })}
          ${button('Stay signed in', { name: 'stay', value: 'yes', quiet: true })}
        </div>`,
      'Sign out',
    )}
  `,
});

export const signedOutPage = (address: string): WebPage => ({
  title: 'You are signed out',
  body: html`<p>You can close this window now.</p>
    <p><a href="${address}">Sign in again</a></p>`,
});
