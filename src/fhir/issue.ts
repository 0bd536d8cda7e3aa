/**
 * The table of refusals. A row says what is wrong: its code, FHIR's issue type, the answer of each protocol, and how to
 * solve it. Rows stand in order of precedence: when several apply, the server answers with the topmost.
 *
 * Floors 0 to 2 return a code, floor 3 throws {@link OperationOutcomeError}, and each edge catches it once and renders
 * it.
 */
import type { Coding, Extension, OperationOutcome, OperationOutcomeIssue, Ref } from './types.ts';

/**
 * The fate of an HL7 v2 message that meets this refusal. The server keeps the message instead of bouncing it (rules
 * 7.2), unless the header says that the message is not for this link at all.
 */
type Fate = 'none' | 'repeated' | 'quarantine' | 'work-item' | 'applied' | 'again' | 'rejected';

/**
 * Under which exception of 45 CFR 171 information is kept back by a refusal (compliance I1); `–` where a refusal keeps
 * none back. `policies/exception.ts` has the paragraphs.
 */
type Exception =
  | 'privacy-precondition'
  | 'privacy-access-denial'
  | 'privacy-individual-request'
  | 'security'
  | 'performance'
  | 'manner'
  | 'none-review'
  | '–';

interface Row {
  /** FHIR issue type (http://hl7.org/fhir/issue-type). */
  readonly type: OperationOutcomeIssue['code'];
  readonly http: number;
  /** MSA-1 on a link that acknowledges messages; `-` where no message can meet this row. */
  readonly msa: 'AA' | 'AE' | 'AR' | '-';
  /** ERR-3, HL7 table 0357. */
  readonly err: string;
  readonly fate: Fate;
  readonly solve: string;
  readonly exception: Exception;
}

const row = (
  type: Row['type'],
  http: number,
  solve: string,
  msa: Row['msa'] = '-',
  err = '',
  fate: Fate = 'none',
): Row => ({ type, http, msa, err, fate, solve, exception: '–' });

/** A row that keeps information back. */
const withholds = (exception: Exclude<Exception, '–'>, refused: Row): Row => ({ ...refused, exception });

// prettier-ignore
export const ISSUES = {
  // — protocol, token and body
  'server-stopping': withholds('performance', row('transient', 503, 'Send the request again in a few seconds.')),
  'too-many-requests': withholds('performance', row('throttled', 429, 'Wait for the seconds named in Retry-After.')),
  'token-missing': row('login', 401, 'Send Authorization: Bearer <token> from the issuer this server trusts.'),
  'token-invalid': row('login', 401, 'Get a new token from the issuer this server trusts.'),
  'token-misplaced': row('login', 400, 'Send the token in the Authorization header, and get a new one: this one may stand in logs.'),
  'login-failed': row('login', 401, 'Check what was typed, and try again; the answer does not say what was wrong.'),
  'tab-elsewhere': row('forbidden', 403, 'Make a new X-Tab-Id for each window; this one belongs to another login.'),
  'session-locked': row('login', 401, 'Unlock the session with a passkey or the password, or log in again.'),
  'step-up-needed': row('login', 401, 'Log in again within the session: WWW-Authenticate says how, and how long ago it may be.'),
  'url-too-long': row('too-long', 414, 'Use POST [type]/_search with the parameters in the body.'),
  'method-not-allowed': row('not-supported', 405, 'See Allow for the methods of this address.'),
  'type-unknown': row('not-supported', 404, 'See the CapabilityStatement at /metadata for the types served.'),
  'type-not-stored': row('not-supported', 404, 'Send it as the body of an operation; it has no address of its own.'),
  'operation-unknown': row('not-supported', 404, 'See the CapabilityStatement at /metadata for the operations.'),
  'interaction-unsupported': row('not-supported', 405, 'See the CapabilityStatement at /metadata.'),
  'not-acceptable': row('not-supported', 406, 'Accept application/fhir+json or application/fhir+xml.'),
  'xml-inexpressible': row('not-supported', 406, 'Accept application/fhir+json; XML cannot hold some characters of the content.'),
  'media-type-unsupported': row('not-supported', 415, 'Send application/fhir+json or application/fhir+xml, in UTF-8 (patch: also application/json-patch+json).'),
  'encoding-unsupported': row('not-supported', 415, 'Send the body with gzip, deflate, br or no Content-Encoding.'),
  'encoding-invalid': row('structure', 400, 'Send the body complete, in the encoding that Content-Encoding names, or without one.'),
  'body-too-large': row('too-long', 413, 'Send less in one request; the limit is in diagnostics.'),
  'header-invalid': row('value', 400, 'Correct the header named in diagnostics.'),
  'body-missing': row('required', 400, 'Send a resource in the body.'),
  'json-invalid': row('structure', 400, 'Send well-formed JSON in UTF-8 with every key once; see the place named.'),
  'xml-invalid': row('structure', 400, 'Send well-formed FHIR XML in UTF-8, without DOCTYPE and processing instructions; see the place named.'),
  'ccda-invalid': row('structure', 422, 'Send a ClinicalDocument about one patient, with an id; the diagnostics say what it lacks.'),
  'xdm-invalid': row('structure', 422, 'Ask who made the package for another; the diagnostics say what is wrong with this one.'),
  'message-unreadable': row('structure', 400, 'See the segment and field named.', 'AR', '100', 'quarantine'),
  'unsupported-message': row('not-supported', 422, 'See the capability statement.', 'AR', '200', 'rejected'),
  'resource-type-mismatch': row('invalid', 400, 'The resourceType in the body and in the address must be the same.'),
  'id-invalid': row('value', 400, 'Ids are 1 to 64 characters of A-Z a-z 0-9 - and dot.'),
  'id-mismatch': row('invalid', 400, 'The id in the body and in the address must be the same.'),
  // — scopes and organization
  'scope-insufficient': row('forbidden', 403, 'Ask the issuer for the scope named in diagnostics.'),
  'role-missing': row('forbidden', 403, 'Ask an administrator of your organization for a role, or the operator for the setting defaultRole.'),
  'role-insufficient': withholds('security', row('forbidden', 403, 'Ask somebody whose role may; the diagnostics say what yours lacks.')),
  'organization-unknown': row('forbidden', 403, 'The token must name an Organization that is a member here; an administrator admits it.'),
  'purpose-not-allowed': withholds('security', row('forbidden', 403, 'Ask the issuer for a purpose that the client may act for.')),
  // — accounts
  'account-not-yours': row('forbidden', 403, 'Ask an administrator of the installation.'),
  'self-approval': row('forbidden', 403, 'Ask another administrator.'),
  'account-state': row('conflict', 409, 'See the states of an account and the moves between them.'),
  'login-taken': row('duplicate', 409, 'Change the membership of the account that has the login, or use another address.'),
  'invitation-invalid': row('expired', 410, 'Ask whoever invited you for a new link.'),
  'sign-on-refused': row('forbidden', 403, 'Ask the administrator of your organization: what its provider says of you opens no account here.'),
  'invitation-code-wrong': row('security', 403, 'Ask whoever invited you for the code; five wrong codes end the link.'),
  // — searching
  'search-parameter-unknown': row('not-supported', 400, 'Use a parameter from the CapabilityStatement, or Prefer: handling=lenient.'),
  'search-value-invalid': row('value', 400, 'Correct the value named in diagnostics.'),
  'search-too-costly': withholds('performance', row('too-costly', 503, 'Add a selective parameter (patient, identifier, a date range).')),
  'includes-cut': row('incomplete', 200, 'Ask for fewer matches a page, or include less.'),
  'page-cut': row('incomplete', 200, 'Follow the next link; the server puts fewer long resources on a page.'),
  'answer-too-large': row('too-long', 413, 'Send the entry as a request of its own, or ask for less: fewer entries, smaller pages, _elements.'),
  'page-expired': row('expired', 410, 'Start the search again from its first page.'),
  // — operations
  'parameter-unknown': row('not-supported', 400, 'See the OperationDefinition for the parameters, or send Prefer: handling=lenient.'),
  'parameter-invalid': row('value', 400, 'See the OperationDefinition for what the parameter named takes.'),
  // — resources and terminology
  'not-found': row('not-found', 404, 'Check the id; the server does not show that a resource exists which you may not see.', 'AE', '204', 'work-item'),
  'value-set-unknown': row('not-found', 404, 'Store the ValueSet here, send it with the request, or name one that the server has.'),
  'code-system-unknown': row('not-found', 422, 'Store the CodeSystem here; the server does not guess the codes of others.'),
  'value-set-invalid': row('processing', 422, 'Correct the composition of the ValueSet.'),
  'expansion-too-costly': row('too-costly', 422, 'Ask for less: a smaller value set, or a narrower filter.'),
  gone: row('deleted', 410, 'Read an earlier version from its history.'),
  // — conditions and versions
  'idempotency-key-reused': row('duplicate', 422, 'Use a new key for other content.', 'AE', '205', 'none'),
  duplicate: row('duplicate', 409, 'Use the existing one, given in diagnostics.', 'AE', '205', 'repeated'),
  'condition-ambiguous': row('multiple-matches', 412, 'Make the condition select at most one resource.'),
  'version-conflict': row('conflict', 412, 'Read it again and repeat your change.', 'AR', '206', 'again'),
  'write-conflict': row('conflict', 409, 'Send the request again.', 'AR', '206', 'again'),
  'version-required': row('required', 400, 'Name the version you read in If-Match.'),
  // — content
  'field-missing': row('required', 422, 'Fill the field named.', 'AE', '101', 'quarantine'),
  'structure-invalid': row('structure', 422, 'See the expression of each issue.', 'AE', '102', 'quarantine'),
  'content-not-taken': row('informational', 200, 'Read the content in the kept message.', 'AA', '0', 'applied'),
  'profile-invalid': row('invariant', 422, 'See the expression of each issue.', 'AE', '102', 'applied'),
  'profile-unknown': row('not-found', 422, 'Name a profile that this server knows, or leave it out.'),
  // An information beside a sound resource; it refuses nothing.
  'nothing-wrong': row('informational', 200, 'Nothing has to be done.'),
  'too-costly': row('too-costly', 422, 'Send a smaller resource, Bundle or message; this one took too much time or memory.', 'AE', '207', 'quarantine'),
  'patch-invalid': row('processing', 422, 'See which operation of the patch failed.'),
  'bundle-invalid': row('invalid', 400, 'See the entry named.'),
  'reference-not-found': row('not-found', 422, 'Reference only resources that exist here and that you may read.', 'AE', '204', 'work-item'),
  'reference-not-served': row('not-supported', 422, 'Refer to the resource by an absolute address elsewhere or by an identifier; the operator can allow the type in the setting validation.', 'AE', '204', 'work-item'),
  'not-custodian': row('forbidden', 403, 'Only the organization that keeps this resource may change it.'),
  // — parties and identifiers
  'identifier-protected': row('forbidden', 403, 'Ask an administrator to verify the identifier; you may write identifiers of other systems.'),
  'party-protected': row('forbidden', 403, 'Leave the element as you read it, or ask an administrator to change it.'),
  'party-kind-protected': row('forbidden', 403, 'Ask an administrator to set the kind; an organization itself may add part2-program only.'),
  'too-many-parties': row('too-costly', 422, 'Send the parties in several bundles.'),
  'private-parties-full': row('no-store', 507, 'Use the records that you keep, or ask the operator to raise the setting privatePartiesMax.', 'AE', '207', 'work-item'),
  'referrals-open': row('conflict', 409, 'End the open referrals first, or ask an administrator.'),
  'identifier-taken': row('duplicate', 409, 'Ask an administrator, who decides whose identifier it is.'),
  'identifier-check-digit': row('value', 422, 'Correct the identifier at its source.', 'AA', '', 'applied'),
  'party-ambiguous': row('multiple-matches', 422, 'Name one party: an organization, or a role at one place of work.', 'AA', '204', 'work-item'),
  'party-inactive': row('business-rule', 422, 'Name a party that takes new referrals.', 'AA', '204', 'work-item'),
  'party-unresolved': row('not-found', 422, 'Name the party by the extension same-as, or have its identifier verified.', 'AA', '204', 'work-item'),
  'party-check': row('conflict', 422, 'Compare the name with the number, and correct the wrong one.', 'AA', '204', 'work-item'),
  'npi-entity-type': row('informational', 200, 'Check whose number it is: NPPES has type 1 for persons, 2 for organizations.'),
  'party-resolved': row('informational', 200, 'Nothing has to be done.', 'AA', '', 'applied'),
  'attachment-infected': withholds('security', row('security', 422, 'Remove it; an incident was opened.', 'AE', '207', 'quarantine')),
  'attachment-refused': withholds('security', row('invalid', 422, 'See which attachment and why.', 'AE', '207', 'quarantine')),
  'file-quarantined': withholds('security', row('security', 403, 'Ask the organization that keeps the file; an incident was opened.')),
  'attachment-pending': withholds('performance', row('informational', 201, 'Nothing has to be done.', 'AA', '', 'applied')),
  'telling-unfit': row('business-rule', 422, 'Name one patient, a time, a channel and a template, and no words beside them.'),
  'patient-inbox-closed': row('forbidden', 403, 'Call the practice: it takes no messages of patients here.'),
  'sender-mismatch': row('forbidden', 403, 'Send in your own name.', 'AE', '207', 'quarantine'),
  // — messages
  'message-frozen': row('business-rule', 422, 'Retract it and write another.'),
  'thread-closed': row('business-rule', 409, 'Reopen the thread.'),
  'message-too-large': row('too-long', 413, 'See the limit named.', 'AE', '207', 'quarantine'),
  'content-raised': row('informational', 201, 'Nothing has to be done.', 'AA', '', 'applied'),
  // — rules of the referral
  'not-your-move': row('forbidden', 403, 'The other party makes this move.', 'AR', '204', 'quarantine'),
  'transition-not-allowed': row('business-rule', 422, 'See the allowed moves from this state.', 'AE', '103', 'work-item'),
  'agreement-transition-not-allowed': row('business-rule', 422, 'See the allowed events from this state.'),
  'agreement-incomplete': row('required', 422, 'Add the evidence or terms named.'),
  'agreement-frozen': row('business-rule', 422, 'Amend with both signatures, or renew.'),
  'not-your-signature': row('forbidden', 403, 'Each side signs for itself.'),
  'label-protected': row('forbidden', 403, "Ask the custodian's privacy officer."),
  'field-frozen': row('business-rule', 422, 'Leave the field as it was; open a new referral to change it.'),
  'masked-write': row('business-rule', 422, 'Change what is shown with a PATCH: an update would delete what is not.'),
  'referral-rule': row('business-rule', 422, 'See diagnostics for the rule.', 'AE', '103', 'work-item'),
  'deletion-refused': row('business-rule', 409, 'See diagnostics for why it is kept.'),
  'consent-rule': row('business-rule', 422, 'See diagnostics for the rule.'),
  'subscription-refused': row('business-rule', 422, 'See diagnostics for the rule.'),
  'address-not-allowed': row('business-rule', 422, 'Name an address on the public Internet (https for Subscriptions), or ask the operator to allow this one.'),
  'direct-address-invalid': row('value', 422, 'Write a Direct address as mailto:local@domain.'),
  'endpoint-unverifiable': row('business-rule', 422, 'Only an Endpoint of connection type direct-project, with an address mailto:local@domain, is verified.'),
  // — telling another organization: what a policy asks (45 CFR 160, 164; 42 CFR 2)
  'agreement-not-active': withholds('privacy-precondition', row('suppressed', 403, 'Bring the agreement named into force, then send again.', 'AE', '207', 'quarantine')),
  'disclosure-denied': withholds('privacy-individual-request', row('suppressed', 403, 'See the policy named.')),
  'access-denied': withholds('privacy-access-denial', row('suppressed', 403, 'See reason and review right.')),
  'break-glass-refused': withholds('security', row('forbidden', 403, 'See diagnostics.')),
  'break-glass-incomplete': row('required', 422, 'Fill the four facts of 42 CFR 2.51(c).'),
  'consent-incomplete': withholds('privacy-precondition', row('invalid', 422, 'Complete the elements named.', 'AA', '207', 'work-item')),
  'consent-needed': withholds('privacy-precondition', row('business-rule', 422, 'Capture what each issue names, then send the same request again.', 'AA', '207', 'work-item')),
  'basis-not-offered': withholds('none-review', row('not-supported', 422, 'Disclose outside and record it with $record-disclosure.')),
  'basis-evidence-missing': withholds('privacy-precondition', row('required', 422, 'Add the evidence named.', 'AA', '207', 'work-item')),
  'basis-missing': withholds('privacy-precondition', row('business-rule', 422, 'Claim a basis that fits, or capture consent.', 'AA', '207', 'work-item')),
  'minimum-necessary': withholds('none-review', row('business-rule', 422, 'Name what the purpose needs, or justify the whole.')),
  'rail-cannot-carry': withholds('manner', row('not-supported', 422, 'Choose a rail that carries the notice.')),
  // Informations beside what was told; they refuse nothing.
  'left-out': row('informational', 200, 'Nothing has to be done.', '-', '', 'applied'),
  'part2-notice': row('informational', 200, 'Nothing has to be done.', '-', '', 'applied'),
  'emergency-only': row('informational', 200, 'Nothing has to be done.', '-', '', 'applied'),
  'part2-notice-missing': row('incomplete', 200, 'Ask the sender for the 42 CFR 2.32 notice.', 'AA', '207', 'applied'),
  // — faults of the server
  'storage-full': row('no-store', 507, 'Nothing was written. An operator must free disk space.'),
  'storage-read-only': row('no-store', 503, 'Nothing was written. An operator must make the data folder writable.'),
  busy: withholds('performance', row('transient', 503, 'Send the request again after the seconds named in Retry-After.')),
  'commit-unsure': row('transient', 503, 'It may have been written. Send it again with the same Idempotency-Key: it is written once, and the answer is the first one.'),
  internal: row('exception', 500, 'Quote the request id to the operator.', 'AE', '207', 'work-item'),
} as const satisfies Record<string, Row>;

export type IssueCode = keyof typeof ISSUES;

/** The code system of our refusal codes in `OperationOutcome.issue.details`. */
export const ISSUE_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/issue';

/** One problem: its code, the particulars in words, and the places. */
export interface IssueDetail {
  readonly code: IssueCode;
  /** The particulars, in plain words. They never hold anything that could identify a patient. */
  readonly diagnostics?: string | undefined;
  /** FHIRPath expressions of the places, such as `Task.businessStatus.coding[0].code`. */
  readonly expression?: readonly string[] | undefined;
  readonly severity?: OperationOutcomeIssue['severity'] | undefined;
  /** Overrides the row's FHIR issue type, where the standard has a finer one. */
  readonly type?: OperationOutcomeIssue['code'] | undefined;
  /** What stands in `details.coding` behind our code: a need, and the exception where it is not the row's. */
  readonly codings?: readonly Coding[] | undefined;
  readonly extension?: readonly Extension[] | undefined;
  /** The patient whose consent would let the same request pass: the edge says where it is captured. */
  readonly captureFor?: Ref | undefined;
  /** The Contract that the reader may read, instead of one in force: the edge links it (baa-messaging 9). */
  readonly agreement?: Ref | undefined;
  /** Who is kept from something, and by whom, on no ground of law: a person looks at it (compliance I3). Not rendered. */
  readonly keptFrom?: { readonly counterparty: Ref; readonly owner: Ref } | undefined;
  /** Whom the refused request would have told something, for the audit alone (baa-messaging MS52). Not rendered. */
  readonly untold?: Untold | undefined;
}

/** What somebody was about to be told, and was not: references and hashes alone. */
export interface Untold {
  readonly to: Ref;
  readonly what: readonly string[];
  /** SHA-256 in hex of the files in it. */
  readonly fileHashes: readonly string[];
  /** Versions of what decided. */
  readonly deciding: readonly string[];
  /** Of a message: its substance, and its bytes. */
  readonly message?: UntoldMessage | undefined;
  readonly bytes?: number | undefined;
}

interface UntoldMessage {
  readonly content: string;
  readonly decidedBy: string;
  readonly recipients?: { readonly organizations: readonly Ref[]; readonly persons: readonly Ref[] };
  readonly state?: string;
}

/** The code system of the exceptions of 45 CFR 171. */
export const EXCEPTION_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/information-blocking-exception';

const DETAILS_MAX = 50;

/** Issue details as an OperationOutcome; at most fifty issues, then a last one that says how many were left out. */
export function buildOutcome(details: readonly IssueDetail[]): OperationOutcome {
  const issue = details.slice(0, DETAILS_MAX).map(buildIssue);
  const left = details.length - issue.length;
  if (left > 0)
    issue.push({
      severity: 'information',
      code: 'informational',
      diagnostics: `at least ${left} more issues`,
    });
  return { resourceType: 'OperationOutcome', issue };
}

function buildIssue(detail: IssueDetail): OperationOutcomeIssue {
  const { type, solve } = ISSUES[detail.code];
  return {
    ...(detail.extension?.length && { extension: [...detail.extension] }),
    severity: detail.severity ?? 'error',
    code: detail.type ?? type,
    details: { coding: codingsOf(detail), text: tell(detail.diagnostics, solve) },
    ...(detail.diagnostics !== undefined && { diagnostics: detail.diagnostics }),
    ...(detail.expression?.length && { expression: [...detail.expression] }),
  };
}

/** Our code, the need if there is one, and last the exception under which information is kept back (compliance I1, K1). */
function codingsOf({ code, codings = [] }: IssueDetail): Coding[] {
  const { exception } = ISSUES[code];
  const all: Coding[] = [{ system: ISSUE_SYSTEM, code }, ...codings];
  const isSaid = exception === '–' || all.some(({ system }) => system === EXCEPTION_SYSTEM);
  return isSaid ? all : [...all, { system: EXCEPTION_SYSTEM, code: exception }];
}

/** The particulars, then the way out. */
const tell = (fact: string | undefined, solve: string): string =>
  fact === undefined || fact === '' ? solve : `${fact}${/[.!?:;]$/.test(fact) ? '' : '.'} ${solve}`;

/** The refusal of a request. It carries the code of a row and the particulars; the edge renders it. */
export class OperationOutcomeError extends Error {
  readonly code: IssueCode;
  readonly issues: readonly IssueDetail[];
  /** Seconds after which the client may try again; rendered as Retry-After. */
  readonly retryAfter: number | undefined;

  constructor(code: IssueCode, detail: Omit<IssueDetail, 'code'> & { retryAfter?: number } = {}) {
    super(`${code}${detail.diagnostics === undefined ? '' : `: ${detail.diagnostics}`}`);
    this.name = 'OperationOutcomeError';
    this.code = code;
    const { retryAfter, ...rest } = detail;
    this.issues = [{ ...rest, code }];
    this.retryAfter = retryAfter;
  }

  /** A refusal with several particulars (validation): the first decides the status. */
  static of(issues: readonly [IssueDetail, ...IssueDetail[]]): OperationOutcomeError {
    const error = new OperationOutcomeError(issues[0].code, issues[0]);
    return Object.assign(error, { issues });
  }

  get outcome(): OperationOutcome {
    return buildOutcome(this.issues);
  }
}

/** The refusal of a resource that is not there, or that the caller does not see: nothing tells the two apart. */
export const notHere = (ref: Ref): OperationOutcomeError =>
  new OperationOutcomeError('not-found', { diagnostics: `${ref} is not here` });
