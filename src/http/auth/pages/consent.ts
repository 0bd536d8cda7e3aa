/** The page on which a person says what an app may do. */
import { html, type Html } from './html.ts';
import { button, form, type Form, type WebPage } from './layout.ts';

/** One thing that an app asks for, in plain words. */
export interface ConsentLine {
  /** The scope that is granted when it is ticked. */
  readonly scope: string;
  readonly words: string;
  readonly hint?: string | undefined;
  /** Granted only as a whole with the rest: identity and launch. */
  readonly fixed?: boolean;
  readonly ticked: boolean;
  /** Parts that may be ticked instead of the whole (granular scopes). */
  readonly parts: readonly { readonly scope: string; readonly words: string }[];
}

/** What the consent page shows. */
interface ConsentView {
  readonly form: Form;
  readonly app: string;
  /** Where the answer goes: the host of the app. */
  readonly host: string;
  readonly patient: string | undefined;
  readonly organization: string | undefined;
  readonly lines: readonly ConsentLine[];
  readonly offline: boolean;
  readonly error?: string | undefined;
}

export const consentPage = (view: ConsentView): WebPage => ({
  title: `Let ${view.app} in?`,
  error: view.error,
  wide: true,
  body: html`
    <p>
      <strong>${view.app}</strong> (${view.host}) asks for
      access${view.organization !== undefined && html` on behalf of <strong>${view.organization}</strong>`}${
        view.patient !== undefined && html`, about <strong>${view.patient}</strong>`
      }.
      It never sees more than you may see yourself.
    </p>
    ${form(
      view.form,
      html`<fieldset>
          <legend>The app may</legend>
          <ul class="lines">
            ${view.lines.filter(({ fixed }) => fixed !== true).map(line)}
          </ul>
        </fieldset>
        ${
          view.lines.some(({ fixed }) => fixed === true) &&
          html`<h2>It also learns</h2>
            <ul>
              ${view.lines.filter(({ fixed }) => fixed === true).map(({ words }) => html`<li>${words}</li>`)}
            </ul>`
        }
        ${
          view.offline &&
          html`<fieldset>
            <legend>When you are away</legend>
            <label class="choice"
              ><input type="checkbox" name="offline" value="yes" checked /><span
                >Keep this access even when you are away, until you take it back.</span
              ></label
            >
          </fieldset>`
        }
        <p class="soft">
          You can take this back at any time under “Apps with access”. What you allow is asked again only when
          the app wants something else.
        </p>
        <div class="actions">
          ${button('Allow', { name: 'answer', value: 'allow' })}
          ${button('Do not allow', { name: 'answer', value: 'deny', quiet: true, free: true })}
        </div>`,
      'What the app may do',
    )}
  `,
});

const line = ({ scope, words, hint, ticked, parts }: ConsentLine): Html =>
  html`<li>
    ${tick(scope, words, ticked, false, hint)}
    ${
      parts.length > 0 &&
      html`<p class="hint part">Or untick the whole, and tick only parts of it:</p>
        ${parts.map((part) => tick(part.scope, part.words, false, true))}`
    }
  </li>`;

const tick = (scope: string, words: string, ticked: boolean, isPart: boolean, hint?: string): Html =>
  html`<label class="choice${isPart && ' part'}"
    ><input type="checkbox" name="scope" value="${scope}" ${ticked && html`checked`} /><span
      >${words}${hint !== undefined && html` <span class="soft">${hint}</span>`}</span
    ></label
  >`;
