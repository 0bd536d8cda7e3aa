/**
 * Files that a request may run and that the tables of ARCHITECTURE.md leave out, with the reason. A file or a folder, from
 * `src`; the first that fits counts. A leaf neither refuses a request nor calls a port: the test looks at its functions.
 */
interface Leaf {
  readonly at: string;
  readonly why: string;
  /** It may refuse or call a port: it is no part of what the request decides. */
  readonly apart?: true;
}

const BESIDE = 'runs beside the request: its commit, or an earlier one, wakes it';

const LEAVES: readonly Leaf[] = [
  // — behind a port, or beside the request
  {
    at: 'http/',
    why: 'the door: the same for every request, before it is a Request and after it is a Reply',
    apart: true,
  },
  { at: 'stores/', why: 'behind the port of the store', apart: true },
  { at: 'server/', why: 'the roof hands functions down: the clock, and caches of ports', apart: true },
  { at: 'jobs/', why: 'runs beside the request, by its own timer', apart: true },
  { at: 'delivery/dispatch.ts', why: BESIDE, apart: true },
  { at: 'delivery/deliver-entry.ts', why: BESIDE, apart: true },
  {
    at: 'delivery/delivered/',
    why: 'what is kept of a delivery once its outcome is known',
    apart: true,
  },
  { at: 'delivery/host-places.ts', why: 'whose delivery a host gets next', apart: true },
  {
    at: 'operations/minimum/',
    why: 'what a referral tells, to hardly any recipient other than it is',
    apart: true,
  },
  { at: 'delivery/payloads.ts', why: 'what is known of organizations, kept in memory', apart: true },
  {
    at: 'delivery/agreement-sight.ts',
    why: 'what organizations that work for others see, which hardly any does',
    apart: true,
  },
  { at: 'delivery/joined-clauses.ts', why: 'puts clauses of a sight together' },
  { at: 'delivery/file-hashes.ts', why: 'the hashes of what left, for the audit' },
  { at: 'operations/audit/files-told.ts', why: 'the hashes of what left, for the audit' },
  {
    at: 'operations/attachments/quarantine.ts',
    why: 'files in quarantine, which no other resource is',
    apart: true,
  },
  {
    at: 'operations/write/store-files.ts',
    why: 'the bytes of large files, of which most writes have none',
    apart: true,
  },
  {
    at: 'operations/write/frozen-files.ts',
    why: 'files that stay as they are, of which most writes change none',
    apart: true,
  },
  {
    at: 'delivery/shown-view.ts',
    why: 'what a rail reads, for hardly any receiver other than it is',
    apart: true,
  },
  { at: 'delivery/gates.ts', why: BESIDE, apart: true },
  { at: 'delivery/outreach/', why: 'texts to patients: a delivery to anybody else passes', apart: true },
  {
    at: 'delivery/scanned-attempt.ts',
    why: 'what an attempt of a rail reads, and what its error means',
    apart: true,
  },
  {
    at: 'inbound/malware.ts',
    why: 'what the malware scanner says of a message, where there is one',
    apart: true,
  },
  { at: 'delivery/read-once.ts', why: 'what a step of a delivery reads, each version once', apart: true },
  { at: 'delivery/abandoned.ts', why: 'when an attempt is given up whose rail does not end it' },
  { at: 'delivery/scanned-view.ts', why: 'what a rail reads, where files are scanned', apart: true },
  {
    at: 'operations/attachments/',
    why: 'what is known of files, where what is written, told or brought holds any',
    apart: true,
  },
  { at: 'delivery/writer.ts', why: 'who wrote the Subscriptions that are told', apart: true },
  { at: 'delivery/policy-gate.ts', why: BESIDE, apart: true },
  {
    at: 'delivery/disclosure.ts',
    why: 'loads what the policies are asked, for a write and for a delivery',
    apart: true,
  },
  {
    at: 'operations/write/disclosure-source.ts',
    why: 'loads what the policies are asked, for a write',
    apart: true,
  },
  { at: 'delivery/carriers.ts', why: 'how the discloser stands with who operates the way', apart: true },
  { at: 'delivery/evidence.ts', why: 'loads what a claim rests on', apart: true },
  { at: 'delivery/consents.ts', why: BESIDE, apart: true },
  { at: 'inbound/agreement.ts', why: 'asked first; it answers for business associates alone', apart: true },
  { at: 'inbound/work-items.ts', why: 'plans work items, and finds those that wait', apart: true },
  { at: 'inbound/', why: BESIDE, apart: true },
  { at: 'policies/', why: BESIDE, apart: true },
  { at: 'identity/', why: 'tables of roles, and what they say' },
  { at: 'operations/role-limits.ts', why: 'what the roles of a person leave of a type, as clauses' },
  {
    at: 'operations/role.ts',
    why: 'what the roles of a person permit, asked with the scopes; service clients have none',
    apart: true,
  },
  { at: 'outgoing/', why: 'behind the port of outgoing connections', apart: true },
  { at: 'rails/capture/', why: BESIDE, apart: true },
  { at: 'rails/rest-hook/', why: BESIDE, apart: true },
  { at: 'rails/', why: BESIDE, apart: true },
  {
    at: 'operations/route.ts',
    why: 'the door: the table of routes, asked before there is a Request',
    apart: true,
  },
  {
    at: 'rails/hl7v2-mllp/connection.ts',
    why: 'the door: bytes of a socket become frames, and answers go out',
    apart: true,
  },
  { at: 'rails/hl7v2-mllp/frame-queue.ts', why: 'the door: frames of a connection, in order', apart: true },
  { at: 'rails/hl7v2-mllp/recognise.ts', why: 'the door: which links a peer may be', apart: true },
  {
    at: 'rails/hl7v2-mllp/listen.ts',
    why: 'the door: which peers may connect, asked before there is a message',
    apart: true,
  },
  { at: 'rails/hl7v2-mllp/shares.ts', why: 'the door: what a peer may hold in memory', apart: true },
  { at: 'operations/fair-turns.ts', why: 'the door: whose request is worked on next', apart: true },
  { at: 'fhir/json.ts', why: 'the door: reads the body', apart: true },
  {
    at: 'resources/party-world.ts',
    why: 'hands the port of the store to those who ask for whom somebody stands',
    apart: true,
  },
  {
    at: 'resources/terminology/membership.ts',
    why: 'asks value sets, within a bound of work',
    apart: true,
  },
  {
    at: 'operations/write/scoped.ts',
    why: 'what narrowed scopes leave of a write: asked of nobody else',
    apart: true,
  },
  {
    at: 'operations/binary-shown.ts',
    why: 'as which document a file is read: asked of narrowed scopes alone',
    apart: true,
  },
  // — tables and converters
  { at: 'operations/narrowing.ts', why: 'what the scopes of a token leave of a type, as a clause' },
  { at: 'operations/steps.ts', why: 'the table of steps' },
  { at: 'operations/write/step-conditions.ts', why: 'says of a draft which steps it needs' },
  { at: 'operations/write/draft.ts', why: 'the draft as a value' },
  { at: 'operations/write/rule-context.ts', why: 'hands what preview.ts reads to rules' },
  { at: 'operations/write/labels.ts', why: 'writes the labels that a resource asks for into it' },
  { at: 'operations/write/label-sources.ts', why: 'drops what only the server says of a label' },
  { at: 'operations/our-fault.ts', why: 'the table of failures that pass by themselves' },
  { at: 'operations/write/marks.ts', why: 'the table of marks' },
  { at: 'hl7v2/', why: 'messages, text ⇄ meaning: pure; what is wrong with one is told in its reading' },
  { at: 'delivery/channels.ts', why: 'reads the Endpoints of a party' },
  { at: 'delivery/take-way.ts', why: 'takes the next way where one is closed' },
  { at: 'delivery/one-notice.ts', why: 'finds the notice of a delivery once' },
  { at: 'delivery/ways.ts', why: 'by which ways a party is told' },
  { at: 'delivery/off-platform.ts', why: 'has nothing to select where no message is sent' },
  { at: 'delivery/choose-rail.ts', why: 'reads the table of rungs' },
  { at: 'rails/hl7v2-mllp/link-status.ts', why: 'counts messages by fate' },
  { at: 'inbound/archive.ts', why: 'makes the resources of an archived message' },
  { at: 'inbound/audit-receipt.ts', why: 'makes the audit row of a message' },
  { at: 'inbound/error-name.ts', why: 'names an error for the log' },
  { at: 'inbound/expected-numbers.ts', why: 'remembers for which referrals messages wait' },
  { at: 'inbound/fate.ts', why: 'the table of fates, and remarks' },
  { at: 'inbound/inbound-message.ts', why: 'names who keeps what a message brings' },
  { at: 'inbound/message-caller.ts', why: 'makes the Request of a message' },
  { at: 'inbound/sender-sight.ts', why: 'narrows what a sender outside may find' },
  { at: 'inbound/hl7v2/acknowledgment.ts', why: 'the table of acknowledgments by fate' },
  { at: 'inbound/hl7v2/archived-message.ts', why: 'makes the content of an archived message' },
  { at: 'inbound/hl7v2/create-door.ts', why: 'puts the door together' },
  { at: 'inbound/hl7v2/fingerprint.ts', why: 'makes the digest of a message' },
  { at: 'inbound/hl7v2/message-bytes.ts', why: 'bytes ⇄ message' },
  {
    at: 'inbound/hl7v2/plan-carried.ts',
    why: 'whether a note came beside a message, which only a mail can bring',
  },
  {
    at: 'inbound/hl7v2/part2-message.ts',
    why: 'says whether what a message tells is content of 42 CFR Part 2',
  },
  {
    at: 'operations/referral-messages/patient-systems.ts',
    why: 'makes a record of the systems of a patient’s numbers',
  },
  {
    at: 'operations/write/planned-resources.ts',
    why: 'puts resources on the draft, as whoever sent them or as the server',
  },
  { at: 'operations/write/numbered.ts', why: 'reads the number by which a reference names an organization' },
  { at: 'operations/heavy.ts', why: 'says from which size on work is heavy' },
  { at: 'operations/request.ts', why: 'types, and the sight of a caller' },
  { at: 'operations/audit/audit.ts', why: 'makes audit rows' },
  { at: 'operations/audit/consent-events.ts', why: 'names what became of a Consent' },
  { at: 'operations/audit/agreement-events.ts', why: 'names the move of an agreement' },
  {
    at: 'operations/audit/message-events.ts',
    why: 'names what became of a message, and whom it was sent to',
  },
  { at: 'messaging/audited.ts', why: 'says of a message what the audit says of it' },
  { at: 'operations/patients.ts', why: 'remembers the patients of versions' },
  {
    at: 'operations/notice.ts',
    why: 'says of content of 42 CFR Part 2 which notice it has, and of all else none',
  },
  { at: 'operations/programs.ts', why: 'asks for the kind of an organization' },
  { at: 'operations/show.ts', why: 'shows a stored text as its caller may see it' },
  { at: 'operations/values.ts', why: 'remembers the search values of a resource' },
  { at: 'operations/turns.ts', why: 'divides long work into turns of the event loop' },
  { at: 'operations/reply.ts', why: 'makes the Reply of what was committed' },
  { at: 'operations/result-version.ts', why: 'makes the Reply of what was committed' },
  { at: 'operations/stored-reply.ts', why: 'makes the text of a reply that is stored' },
  { at: 'delivery/agreements.ts', why: 'a query, and which of its matches are agreements' },
  { at: 'delivery/denials.ts', why: 'reads a Consent, with the organizations behind its actors' },
  { at: 'delivery/backoff.ts', why: 'computes how long a delivery waits' },
  { at: 'delivery/outcome.ts', why: 'makes the commit of an outcome' },
  { at: 'delivery/party-facts.ts', why: 'reads what is said of an organization' },
  { at: 'agreements/', why: 'tables and pure rules: whether an agreement is needed, and how it stands' },
  { at: 'policies/no-health-information.ts', why: 'a row: whether it permits a disclosure' },
  { at: 'policies/directory.ts', why: 'a row: whether it permits a disclosure' },
  { at: 'policies/part2/', why: 'the notice of 42 CFR Part 2: its words, and where they stand' },
  { at: 'policies/labels/', why: 'tables of labels, and what of a text they say' },
  { at: 'policies/purpose.ts', why: 'a table: which purposes are kinds of which' },
  { at: 'policies/basis.ts', why: 'a table: what for a basis is, and where it stands in the law' },
  { at: 'policies/same-entity.ts', why: 'whether two chains of organizations meet' },
  { at: 'policies/party-kind.ts', why: 'whose word about a kind counts, in order' },
  { at: 'policies/patient-consent.ts', why: 'a row: whether it permits a disclosure' },
  { at: 'policies/restriction.ts', why: 'reads a Consent' },
  { at: 'policies/facts.ts', why: 'reads the labels of a text' },
  { at: 'policies/guards/', why: 'a row each: whether content is withheld' },
  { at: 'policies/relied.ts', why: 'which Consents a decision relies on' },
  { at: 'policies/guarded-content.ts', why: 'the guards as policies' },
  { at: 'policies/denials.ts', why: 'the denials as a refusal' },
  { at: 'policies/health-related.ts', why: 'a table: which services have to do with health' },
  { at: 'policies/bases/', why: 'a row each: whether a basis permits a disclosure' },
  { at: 'rails/rest-hook/index.ts', why: 'hands the parts of the rail on' },
  { at: 'ports/http-receipt.ts', why: 'reads a status as a receipt' },
  { at: 'delivery/permits.ts', why: 'reads what a Consent permits, for the store to keep', apart: true },
  { at: 'delivery/noticed.ts', why: 'lets nothing of 42 CFR Part 2 leave without its notice' },
  { at: 'delivery/notice.ts', why: 'the Consent that content of 42 CFR Part 2 is told under', apart: true },
  { at: 'delivery/subject.ts', why: 'shows a version as its reader may see it' },
  { at: 'delivery/subscriptions.ts', why: 'remembers the Subscriptions of the store' },
  { at: 'fhir/', why: 'converts values of the language' },
  { at: 'ports/', why: 'types, and templates of texts' },
  { at: 'smart/', why: 'tables of what a scope permits' },
  { at: 'referral/', why: 'tables, and pure functions over them; decide.ts is the row that decides' },
  { at: 'resources/', why: 'declarations, and converters of resources to search values, reach and issues' },
];

/** Why a file is no part of a path; undefined when it is part of one. @param owned leaves that are none on this path */
export const leafOf = (file: string, owned: readonly string[] = []): Leaf | undefined =>
  LEAVES.find(({ at }) => file.startsWith(at) && !owned.includes(at));

/** What a leaf does not do: refuse, or call a port. */
const REACHES: readonly RegExp[] = [
  /\bthrow (?:new OperationOutcomeError|OperationOutcomeError\.of)\b/,
  /\b(?:snapshot|store|latest)\.\w+\(/,
];

/** Functions of a leaf that do what a leaf does not. */
export const reaching = (file: string, ran: readonly string[]): readonly string[] =>
  leafOf(file)?.apart === true
    ? []
    : ran
        .filter((source) => REACHES.some((reaches) => reaches.test(source)))
        .map((source) => `${file}: ${source.slice(0, 60).replaceAll(/\s+/g, ' ')}`);
