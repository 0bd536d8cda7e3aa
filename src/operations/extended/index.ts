/** The registry of operations: one line each. Routes, capability, definitions and audit follow. */
import type { Request } from '../request.ts';
import { accessReport } from './access-report.ts';
import { accountingOfDisclosures } from './accounting-of-disclosures.ts';
import { invitePerson, membership, resetFactors, userState } from './accounts/changes.ts';
import { identityProviders } from './accounts/identity-providers.ts';
import { accessReview, users } from './accounts/users.ts';
import { admit } from './admit.ts';
import { breakGlass } from './break-glass.ts';
import { auditPackage, auditPackageCancel, auditPackageFile, auditPackageStatus } from './audit-package.ts';
import { breakGlassReport } from './break-glass-report.ts';
import { bundleCcda, patientCcda, referralCcda } from './ccda/ccda.ts';
import { importCcda } from './ccda/import-ccda.ts';
import { review } from './review.ts';
import { render } from './ccda/render.ts';
import { importXdm } from './xdm/import-xdm.ts';
import { clientState, listedClients, registeredClient, rotateKeys } from './clients/clients.ts';
import { confirmBreakGlass } from './confirm-break-glass.ts';
import { convert } from './convert.ts';
import { evidenceOfReferral } from './evidence.ts';
import { deliveriesOfReferral } from './deliveries.ts';
import { everything } from './everything.ts';
import { holds, legalHold, unhold } from './hold.ts';
import { incidentSheet } from './incident-sheet.ts';
import { informationBlockingReport } from './information-blocking-report.ts';
import { intermediaryDisclosures } from './intermediary-disclosures.ts';
import { mapCode } from './map-code.ts';
import { correctMessage, discardMessage, linkMessage, replayMessage } from './messages.ts';
import { meta, metaAdd, metaDelete } from './meta.ts';
import { definitionIdOf, isAt, type Operation } from './operation.ts';
import { canSend } from './can-send/can-send.ts';
import { captureConsent } from './consent/capture-consent.ts';
import { messageRead } from './read-message.ts';
import { policyAsOfDate } from './policy-as-of.ts';
import { assessIncident } from './assess-incident.ts';
import { recordDisclosure } from './record-disclosure.ts';
import { reportIncident } from './report-incident.ts';
import { revoke } from './revoke.ts';
import { expand } from './terminology/expand.ts';
import { lookup, subsumes } from './terminology/lookup.ts';
import { validateInCodeSystem, validateInValueSet } from './terminology/validate-code.ts';
import { timeline } from './timeline.ts';
import { verifyDirectEndpoint } from './verify-endpoint.ts';
import { validate } from './validate.ts';
import { vendorRegister } from './vendor-register.ts';

const DECLARED: readonly Operation[] = [
  convert,
  everything,
  meta,
  metaAdd,
  metaDelete,
  timeline,
  deliveriesOfReferral,
  canSend,
  verifyDirectEndpoint,
  validate,
  // — clinical documents
  referralCcda,
  patientCcda,
  bundleCcda,
  importCcda,
  importXdm,
  render,
  // — emergencies
  breakGlass,
  confirmBreakGlass,
  review,
  // — what patients and auditors ask
  accountingOfDisclosures,
  accessReport,
  auditPackage,
  auditPackageStatus,
  auditPackageFile,
  auditPackageCancel,
  breakGlassReport,
  // — for compliance officers
  evidenceOfReferral,
  informationBlockingReport,
  intermediaryDisclosures,
  legalHold,
  unhold,
  holds,
  policyAsOfDate,
  incidentSheet,
  reportIncident,
  assessIncident,
  vendorRegister,
  // — on clients
  listedClients,
  registeredClient,
  clientState,
  rotateKeys,
  // — on parties
  admit,
  // — on accounts
  users,
  invitePerson,
  userState,
  membership,
  resetFactors,
  accessReview,
  identityProviders,
  // — the law
  captureConsent,
  recordDisclosure,
  revoke,
  // — on terminology
  expand,
  validateInValueSet,
  validateInCodeSystem,
  lookup,
  subsumes,
  // — on messages
  messageRead,
  // — on work items about messages
  linkMessage,
  correctMessage,
  replayMessage,
  discardMessage,
  mapCode,
];

/** Every operation, by the id of its OperationDefinition. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  DECLARED.map((operation) => [definitionIdOf(operation), operation]),
);

/** The operations of a name, without the dollar: one name may mean different things on different types. */
export const OPERATIONS_BY_NAME: ReadonlyMap<string, readonly Operation[]> = Map.groupBy(
  DECLARED,
  ({ name }) => name,
);

/** The operation at a URL, or none. */
export const findOperation = (asked: Request): Operation | undefined =>
  OPERATIONS_BY_NAME.get(asked.operation ?? '')?.find((operation) => isAt(operation, asked));
