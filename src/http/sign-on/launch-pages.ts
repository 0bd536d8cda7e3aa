/** The pages of a launch by an EHR: the referrals of its patient, and why there is none. */
import { html, type Html } from '../auth/pages/html.ts';
import type { WebPage } from '../auth/pages/layout.ts';
import type { LaunchRefusal } from '../../accounts/launch-arrival.ts';
import { obstaclePage, type SignOnObstacle } from './sign-on-pages.ts';

/** Why a launch shows nothing. */
export type LaunchObstacle =
  | Extract<
      SignOnObstacle,
      'unreachable' | 'ended' | 'denied' | 'invalid' | 'no-question' | 'overtaken' | 'account-not-active'
    >
  | 'no-launch'
  | 'unknown-ehr'
  | 'launch-over'
  | 'no-patient'
  | 'patient-unknown'
  | 'patient-several';

interface ObstacleWords {
  readonly status: number;
  readonly title: string;
  readonly words: string;
}

const OWN: Readonly<Partial<Record<LaunchObstacle | LaunchRefusal, ObstacleWords>>> = {
  'no-launch': {
    status: 400,
    title: 'This is no launch',
    words:
      'A launch names the record system (iss) and itself (launch). Open it from the record system again.',
  },
  'unknown-ehr': {
    status: 404,
    title: 'This record system is not known here',
    words: 'Nothing was sent to it. Ask the administrator of your organization to put it on record.',
  },
  'launch-over': {
    status: 409,
    title: 'This launch is over',
    words:
      'Its time has passed, or another patient was opened since. Open the patient from the record system again.',
  },
  'no-patient': {
    status: 200,
    title: 'No patient was named',
    words: 'The record system opened this server about nobody. Open a patient there first.',
  },
  'patient-unknown': {
    status: 200,
    title: 'This patient is not known here',
    words:
      'No patient whom you may see here has one of the numbers that the record system has given. Nothing was changed. Search for the patient in Closeloop, or ask who keeps the records.',
  },
  'patient-several': {
    status: 200,
    title: 'This patient is not clear',
    words:
      'Several patients here have the number that the record system has given. None of them is shown, because it could be the wrong one.',
  },
  'no-place': {
    status: 403,
    title: 'You do not work here for this organization',
    words: 'Your account has no place in the organization of this record system. Ask its administrator.',
  },
  'several-accounts': {
    status: 403,
    title: 'Your account is not clear',
    words:
      'Several accounts have your national number. Ask the administrator of your organization which is yours.',
  },
  'not-framed': {
    status: 403,
    title: 'This needs a window of its own',
    words:
      'You have to show here who you are, and that is never done within another page. Open it from the record system in a window of its own.',
  },
};

export function launchObstaclePage(
  obstacle: LaunchObstacle | LaunchRefusal,
): WebPage & { readonly status: number } {
  const own = OWN[obstacle];
  if (own === undefined) return obstaclePage(obstacle as SignOnObstacle); // the table above has the others
  const { status, title, words } = own;
  return { status, title, body: html`<p>${words}</p>` };
}

/** Shown within the EHR's page: the factor of this server is asked for outside of it. */
export const ownWindowPage = (address: string): WebPage => ({
  title: 'Open Closeloop in its own window',
  body: html`<p>
      You have to show who you are with your second factor, and that is never done within another page.
    </p>
    <p><a href="${address}" target="_blank" rel="noopener">Open the patient’s referrals</a></p>`,
});

/** Whom a page is about, where the EHR does not say so itself. */
interface PatientBanner {
  readonly name: string;
  readonly birthDate: string | undefined;
  readonly number: string | undefined;
}

/** A referral in a line. */
export interface ReferralLine {
  readonly title: string;
  readonly state: string;
  readonly date: string | undefined;
  readonly parties: string | undefined;
}

interface ReferralsView {
  readonly organization: string;
  readonly banner: PatientBanner | undefined;
  readonly referrals: readonly ReferralLine[];
  /** There are more than are shown. */
  readonly more: boolean;
}

export const referralsPage = ({ organization, banner, referrals, more }: ReferralsView): WebPage => ({
  title: 'Referrals',
  wide: true,
  body: html`${banner !== undefined && bannerOf(banner)}
    <p class="soft">As ${organization} sees them now.</p>
    ${
      referrals.length === 0
        ? html`<p>There is no referral of this patient that you may see.</p>`
        : html`<ul class="rows">
            ${referrals.map(
              ({ title, state, date, parties }) =>
                html`<li>
                  <p>
                    <strong>${title}</strong> –
                    ${state}${date !== undefined && html`, <time datetime="${date}">${date}</time>`}
                    ${parties !== undefined && html`<br /><span class="soft">${parties}</span>`}
                  </p>
                </li>`,
            )}
          </ul>`
    }
    ${more && html`<p>There are more. Open Closeloop itself to see all of them.</p>`}`,
});

const bannerOf = ({ name, birthDate, number }: PatientBanner): Html =>
  html`<section aria-label="Patient">
    <p>
      <strong>${name}</strong
      >${birthDate !== undefined && html`, born <time datetime="${birthDate}">${birthDate}</time>`}${number !== undefined && html`, ${number}`}
    </p>
  </section>`;
