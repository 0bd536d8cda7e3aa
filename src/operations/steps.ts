/**
 * The order of checks, as a table. Read down a column to see what an interaction goes through, across to see which
 * interactions take a step. When several refusals apply, the step that stands first answers.
 */
import { ACTING, checkActors } from './write/actors.ts';
import { PARTY_TYPES } from '../resources/parties/standing.ts';
import { ruleAgreements } from './write/agreements.ts';
import { completeDraft } from './write/complete.ts';
import { fileAnswers } from './write/consent-answers.ts';
import { checkForms } from './write/check-forms.ts';
import { ruleConsents } from './write/consent-rules.ts';
import { checkMessages } from './messages/check-messages.ts';
import { leavePlatform } from './messages/off-platform.ts';
import { sendFiles } from './messages/send-files.ts';
import { checkHolds } from './holds.ts';
import { checkConsents } from './write/consents.ts';
import { ADDRESSING, resolveAddressees } from './write/addressees.ts';
import { checkCustody } from './write/custody.ts';
import type { Draft } from './write/draft.ts';
import { checkDisclosures } from './write/disclosures.ts';
import { checkDeletes } from './write/deletes.ts';
import { admitImport } from './write/import.ts';
import { keepFiles } from './write/frozen-files.ts';
import { keepScopes } from './write/kept-scopes.ts';
import { checkCriteria } from './write/hidden-criteria.ts';
import { dropClaimedSources } from './write/label-sources.ts';
import { labelDraft } from './write/labels.ts';
import { dropClaimedSteps } from './write/past-steps.ts';
import { askForPatientNotices, TAKING_ON } from './write/patient-notices.ts';
import { ANSWERING, guardProgramsWords } from './write/program-words.ts';
import { checkReferences, resolveReferences, type FullUrls } from './write/references.ts';
import { guardParties } from './write/party-guard.ts';
import { noteDirectAddresses } from './write/direct-addresses.ts';
import { claimRoles } from './write/role-claims.ts';
import { applyRules } from './write/rule.ts';
import { announceMessages } from './outreach/announce.ts';
import { askPatients } from './outreach/patient-messages.ts';
import { checkTellings } from './outreach/tellings.ts';
import { assemblePackages } from './minimum/referral.ts';
import { checkOperator } from './write/operator.ts';
import { checkQuery } from './write/query-of-write.ts';
import { checkOrganization, checkScope } from './scope.ts';
import { checkScopesAfter } from './write/scoped.ts';
import { labelSelfPaid } from './write/self-paid.ts';
import { checkRole } from './role.ts';
import { guardMarks } from './write/server-marks.ts';
import { nameStandings } from './write/standings.ts';
import { storeFiles } from './write/store-files.ts';
import { leaveUnchanged } from './write/unchanged.ts';
import { tellSubjects } from './write/subjects.ts';
import { validateDraft } from './write/validate-draft.ts';
import { tellLateNotes } from './write/late-notes.ts';
import { sendMended } from './write/mended.ts';
import {
  bearsMark,
  bringsFile,
  byAdministrator,
  deletes,
  custodyDecides,
  hasOutputs,
  isIncomplete,
  isNarrowedWrite,
  isOperated,
  mayChangeNothing,
  mends,
  moves,
  namesSubject,
  refersAnew,
  sends,
  tells,
  writes,
  type StepCondition,
} from './write/step-conditions.ts';
import { checkMovesTold } from './write/told-moves.ts';
import { wrapOutputs } from './write/wrap-outputs.ts';
import type { Interaction, Request } from './request.ts';

/** Steps that every door's request meets before anything is planned. */
export const ADMIT: readonly ((request: Request, now: number) => void)[] = [
  checkOrganization,
  checkScope,
  checkRole,
  checkGivenQuery,
];

function checkGivenQuery(request: Request): void {
  if (request.query.length > 0) checkQuery(request);
}

type DraftStep = (draft: Draft, fullUrls: FullUrls) => Promise<void> | void;

const CREATE = 1;
const UPDATE = 2;
const PATCH = 4;
const DELETE = 8;
const TRANSACTION = 16;

const AGREEMENTS = writes(new Set(['Contract']));
const CONSENTS = writes(new Set(['Consent']));
const ANSWERS = writes(new Set(['QuestionnaireResponse']));
const ENDPOINTS = writes(new Set(['Endpoint']));
const FORMS = writes(new Set(['Questionnaire']));
const MESSAGES = writes(new Set(['Communication']));
const PARTIES = writes(PARTY_TYPES);
const PROVENANCES = writes(new Set(['Provenance']));
const ROLES = writes(new Set(['PractitionerRole']));
const SUBSCRIBES = writes(new Set(['Subscription']));
const ACTS = writes(ACTING);
const ADDRESSES = writes(ADDRESSING);
const BINARIES = writes(new Set(['Binary']));
const SPEAKS = writes(ANSWERING);
const TELLINGS = writes(new Set(['CommunicationRequest']));
const TAKES_ON = writes(TAKING_ON);

/** Steps that a draft takes after planning, before its commit. */
// prettier-ignore
export const STEPS: readonly (readonly [step: DraftStep, taken: number, when?: StepCondition])[] = [
  //                     create   update   patch   delete   transaction    when
  [admitImport,                                             TRANSACTION, byAdministrator],
  [resolveReferences,    CREATE | UPDATE | PATCH          | TRANSACTION, refersAnew],
  [completeDraft,        CREATE | UPDATE | PATCH          | TRANSACTION, isIncomplete],
  [wrapOutputs,          CREATE | UPDATE | PATCH          | TRANSACTION, hasOutputs],
  [validateDraft,        CREATE | UPDATE | PATCH          | TRANSACTION],
  [storeFiles,           CREATE | UPDATE | PATCH          | TRANSACTION, BINARIES],
  [fileAnswers,          CREATE | UPDATE | PATCH          | TRANSACTION, ANSWERS],
  [nameStandings,        CREATE | UPDATE | PATCH          | TRANSACTION, PARTIES],
  [checkCustody,         CREATE | UPDATE | PATCH | DELETE | TRANSACTION, custodyDecides],
  [checkReferences,      CREATE | UPDATE | PATCH          | TRANSACTION, refersAnew],
  [checkActors,          CREATE | UPDATE | PATCH          | TRANSACTION, ACTS],
  [tellSubjects,         CREATE | UPDATE | PATCH          | TRANSACTION, namesSubject],
  [guardMarks,           CREATE | UPDATE | PATCH          | TRANSACTION, bearsMark],
  [dropClaimedSteps,     CREATE | UPDATE | PATCH          | TRANSACTION, PROVENANCES],
  [keepScopes,           CREATE | UPDATE | PATCH | DELETE | TRANSACTION, SUBSCRIBES],
  [checkCriteria,        CREATE | UPDATE | PATCH          | TRANSACTION, SUBSCRIBES],
  [ruleAgreements,       CREATE | UPDATE | PATCH | DELETE | TRANSACTION, AGREEMENTS],
  [keepFiles,                     UPDATE | PATCH | DELETE | TRANSACTION, BINARIES],
  [ruleConsents,         CREATE | UPDATE | PATCH | DELETE | TRANSACTION, CONSENTS],
  [labelSelfPaid,        CREATE | UPDATE | PATCH          | TRANSACTION, CONSENTS],
  [checkConsents,        CREATE | UPDATE | PATCH          | TRANSACTION, CONSENTS],
  [checkForms,           CREATE | UPDATE | PATCH          | TRANSACTION, FORMS],
  [guardParties,         CREATE | UPDATE | PATCH | DELETE | TRANSACTION, PARTIES],
  [claimRoles,           CREATE | UPDATE | PATCH          | TRANSACTION, ROLES],
  [noteDirectAddresses,  CREATE | UPDATE | PATCH | DELETE | TRANSACTION, ENDPOINTS],
  [resolveAddressees,    CREATE | UPDATE | PATCH          | TRANSACTION, ADDRESSES],
  [checkMessages,        CREATE | UPDATE | PATCH | DELETE | TRANSACTION, MESSAGES],
  [dropClaimedSources,   CREATE | UPDATE | PATCH          | TRANSACTION],
  [labelDraft,           CREATE | UPDATE | PATCH          | TRANSACTION],
  [leaveUnchanged,                UPDATE | PATCH          | TRANSACTION, mayChangeNothing],
  [applyRules,           CREATE | UPDATE | PATCH | DELETE | TRANSACTION],
  [guardProgramsWords,   CREATE | UPDATE | PATCH          | TRANSACTION, SPEAKS],
  [checkTellings,        CREATE | UPDATE | PATCH          | TRANSACTION, TELLINGS],
  [askPatients,          CREATE | UPDATE | PATCH          | TRANSACTION, MESSAGES],
  [checkHolds,                                     DELETE | TRANSACTION, deletes],
  [askForPatientNotices, CREATE | UPDATE | PATCH          | TRANSACTION, TAKES_ON],
  [checkDeletes,                                   DELETE | TRANSACTION, deletes],
  [sendMended,           CREATE | UPDATE | PATCH | DELETE | TRANSACTION, mends],
  [tellLateNotes,        CREATE | UPDATE | PATCH | DELETE | TRANSACTION, bringsFile],
  [assemblePackages,     CREATE | UPDATE | PATCH          | TRANSACTION, sends],
  [labelDraft,           CREATE | UPDATE | PATCH          | TRANSACTION],
  [checkOperator,        CREATE | UPDATE | PATCH          | TRANSACTION, isOperated],
  [checkDisclosures,     CREATE | UPDATE | PATCH | DELETE | TRANSACTION, tells],
  [sendFiles,            CREATE | UPDATE | PATCH          | TRANSACTION, MESSAGES],
  [leavePlatform,        CREATE | UPDATE | PATCH          | TRANSACTION, MESSAGES],
  [announceMessages,     CREATE | UPDATE | PATCH          | TRANSACTION, MESSAGES],
  [checkMovesTold,       CREATE | UPDATE | PATCH | DELETE | TRANSACTION, moves],
  [leaveUnchanged,                UPDATE | PATCH          | TRANSACTION, mayChangeNothing],
  [checkScopesAfter,     CREATE | UPDATE | PATCH          | TRANSACTION, isNarrowedWrite],
];

/** The column of each interaction that writes. */
export const COLUMNS: Partial<Record<Interaction, number>> = {
  create: CREATE,
  update: UPDATE,
  patch: PATCH,
  delete: DELETE,
  transaction: TRANSACTION,
};
