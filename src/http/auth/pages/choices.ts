/** The pages on which a person chooses: the organization they work for now, and the patient that an app is about. */
import { html } from './html.ts';
import { button, textField, form, type Form, type WebPage } from './layout.ts';

/** What the page of organizations shows. */
interface OrganizationsView {
  readonly form: Form;
  readonly memberships: readonly {
    readonly organization: string;
    readonly name: string;
    /** In words. */
    readonly roles: readonly string[];
  }[];
}

export const organizationsPage = ({ form: sent, memberships }: OrganizationsView): WebPage => ({
  title: 'Where do you work now?',
  body: html`
    <p>You work for several organizations. What you see and write belongs to the one that you choose.</p>
    ${form(
      sent,
      html`<ul>
        ${memberships.map(
          ({ organization, name, roles }) =>
            html`<li>
              <p>
                <button type="submit" class="quiet pick" name="organization" value="${organization}">
                  ${name}<span class="soft">${roles.join(', ')}</span>
                </button>
              </p>
            </li>`,
        )}
      </ul>`,
      'Organization',
    )}
  `,
});

/** A patient as the picker tells them apart. */
export interface PatientLine {
  readonly id: string;
  readonly name: string;
  readonly birthDate: string | undefined;
  /** A record number with its owner. */
  readonly number: string | undefined;
}

/** What the page of patients shows. What was typed goes in the body of the form, because addresses are logged. */
interface PatientsView {
  readonly app: string;
  readonly search: Form;
  readonly choose: Form;
  readonly cancel: Form;
  readonly typed: string | undefined;
  /** Undefined before anything was searched. */
  readonly found: readonly PatientLine[] | undefined;
  /** There are more than are shown. */
  readonly more: boolean;
  readonly error?: string | undefined;
}

export const patientsPage = (view: PatientsView): WebPage => ({
  title: 'Choose a patient',
  error: view.error,
  wide: true,
  body: html`
    <p><strong>${view.app}</strong> asks which patient it should show.</p>
    ${form(
      view.search,
      html`${textField({
        name: 'name',
        label: 'Name, or the beginning of it',
        type: 'search',
        autocomplete: 'off',
        value: view.typed,
        maxLength: 100,
      })}
      ${button('Search', { name: 'search' })}`,
      'Search for a patient',
    )}
    ${
      view.found !== undefined &&
      html`<h2>${foundTitle(view.found.length, view.more)}</h2>
        ${
          view.found.length > 0 &&
          form(
            view.choose,
            html`<ul>
              ${view.found.map(
                ({ id, name, birthDate, number }) =>
                  html`<li>
                    <p>
                      <button type="submit" class="quiet pick" name="patient" value="${id}">
                        ${name}<span class="soft"
                          >${birthDate !== undefined ? `born ${birthDate}` : 'date of birth unknown'}${
                            number !== undefined && ` · ${number}`
                          }</span
                        >
                      </button>
                    </p>
                  </li>`,
              )}
            </ul>`,
            'Patients',
          )
        }`
    }
    <div class="actions">
      ${form(view.cancel, button('Cancel', { name: 'cancel', quiet: true }), 'Cancel')}
    </div>
  `,
});

function foundTitle(count: number, more: boolean): string {
  if (count === 0) return 'Nobody was found';
  if (more) return `The first ${count} patients; type more of the name to see others`;
  return count === 1 ? 'One patient' : `${count} patients`;
}
