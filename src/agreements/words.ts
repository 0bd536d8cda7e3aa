/** What is said where no agreement is in force: one text for each case, whoever says it (baa-messaging 6). */
import { formatInstant } from '../fhir/datetime.ts';
import { gapWords } from './checklist.ts';
import type { AgreementStanding } from './state.ts';

/** The names that a text shows. */
interface AgreementNames {
  readonly principal: string;
  readonly associate: string;
  /** Whose signature is missing. */
  readonly waitsFor?: string;
  /** Address of the Contract; where there is none, of the place at which one is begun. */
  readonly link: string;
}

/** What the principal’s side reads of an agreement that is not active; for one that is, when it ends. */
export function agreementWords(standing: AgreementStanding, names: AgreementNames): string {
  const { principal, associate, link } = names;
  const since = dayOf(standing.since);
  switch (standing.state) {
    case 'none':
      return `There is no business associate agreement between ${principal} and ${associate}. Protected health information cannot be sent to them. Start one: ${link}.`;
    case 'staging':
      return `The agreement with ${associate} is being prepared and has not been sent. ${link}`;
    case 'pending':
      return pendingWords(standing, names);
    case 'expired':
      return `The agreement with ${associate} ended on ${lastDayOf(standing.since)}. Renew it: ${link}.`;
    case 'revoked':
      return `The agreement with ${associate} was revoked on ${since}. ${link}`;
    case 'active':
      return standing.until === undefined
        ? `The agreement with ${associate} is in force. ${link}`
        : `The agreement with ${associate} is in force until ${lastDayOf(standing.until)}. ${link}`;
  }
}

function pendingWords(standing: AgreementStanding, { associate, waitsFor, link }: AgreementNames): string {
  const since = dayOf(standing.since);
  switch (standing.why) {
    case 'disputed':
      return `The agreement with ${associate} is suspended since ${since}. ${link}`;
    case 'not-started':
      return `The agreement with ${associate} starts on ${dayOf(standing.until)}. ${link}`;
    case 'incomplete':
      return `The agreement with ${associate} lacks ${gapWords(standing.gaps)}. ${link}`;
    default:
      return `The agreement with ${associate} waits for ${waitsFor ?? associate}'s signature since ${since}. ${link}`;
  }
}

/** What the associate’s side reads, whatever the state. */
export const pausedWords = (principal: string): string =>
  `Messages with health information are paused: no agreement with ${principal} is in force.`;

/** A rail whose carrier has no agreement. */
export const carrierWords = (rail: string, carrier: string, link: string): string =>
  `${rail} is run by ${carrier}, with whom there is no agreement in force. ${link}`;

/** A patient who has not acknowledged electronic messages. */
export const unacknowledgedWords = (link: string): string =>
  `The patient has not acknowledged electronic messages. Appointment notices without medical content may be sent. Capture: ${link}.`;

/** What stands in the place of a content that is masked (baa-messaging MK1). */
export const WITHHELD_CONTENT = 'Content withheld: no agreement in force.';

const dayOf = (ms: number | undefined): string =>
  ms === undefined ? 'a day not known' : formatInstant(ms).slice(0, 10);

/** The day before whose end an agreement was in force. */
const lastDayOf = (end: number | undefined): string => dayOf(end === undefined ? undefined : end - 1);
