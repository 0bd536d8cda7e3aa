/**
 * The table of settings. One row each: default, bounds, meaning, and which values are unsafe. `docs/reference/settings.md`
 * is generated from it; `config.ts` reads the values.
 */
import { ATTACHMENT_SETTINGS } from './attachment-settings.ts';
import { AUDIT_SETTINGS } from './audit-settings.ts';
import { DIRECT_SETTINGS } from './direct-settings.ts';
import { FILE_SETTINGS } from './file-settings.ts';
import { IDENTITY_SETTINGS } from './identity-settings.ts';
import { LISTEN_SETTINGS } from './listen-settings.ts';
import { AGREEMENT_SETTINGS } from './agreement-settings.ts';
import { MESSAGING_SETTINGS } from './messaging-settings.ts';
import { RETENTION_SETTINGS } from './retention-settings.ts';
import { TOKEN_TYPES } from '../http/token-type.ts';
import { choice, integer, list, onOff, text } from './setting.ts';
import {
  url,
  algorithm,
  oid,
  allowedPlace,
  clientPurpose,
  mongodbAddress,
  databaseName,
  level,
  unsafeLevels,
} from './setting-shapes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

export const SETTINGS = {
  ...LISTEN_SETTINGS,
  ...RETENTION_SETTINGS,

  // — what it keeps
  dataDir: text('./data', 'Folder of the store. One process at a time.'),
  anchorFile: text(
    undefined,
    'File outside the data folder to which the server writes the anchors of the audit chain.',
  ),
  anchorMs: integer(5 * MINUTE, [SECOND, DAY], 'Time between two anchors of the audit chain.'),
  keyRetentionMs: integer(7 * DAY, [MINUTE, 90 * DAY], 'How long the server remembers an Idempotency-Key.'),
  commitsQueuedMax: integer(1024, [1, 100_000], 'Commits waiting for the writer; further ones get 503.'),
  auditReads: choice(['on', 'off'], 'Audit of reads and searches. Off is for measuring only.', {
    unsafe: (value) => (value === 'off' ? 'reads leave no trace' : undefined),
  }),

  ...AUDIT_SETTINGS,
  ...ATTACHMENT_SETTINGS,

  ...AGREEMENT_SETTINGS,
  ...MESSAGING_SETTINGS,

  store: choice(
    ['embedded', 'mongodb'],
    'Where the truth is: in the data folder, or in MongoDB; with MongoDB the data folder holds a copy that may be lost.',
  ),
  mongodbUri: text(
    undefined,
    'Address of the database, with users and TLS as the driver takes them: mongodb://user:password@host/?replicaSet=rs0&tls=true.',
    { shape: mongodbAddress, secret: true },
  ),
  mongodbDatabase: text('closeloop', 'Name of the database, which holds nothing else.', {
    shape: databaseName,
  }),
  mongodbPoolMax: integer(
    20,
    [1, 1000],
    'Connections to the database at most, for each of the two clients of the process.',
  ),
  mongodbSelectionMs: integer(
    5 * SECOND,
    [100, MINUTE],
    'Time for finding a primary, after which an attempt to reach the database ends.',
  ),
  commitTimeoutMs: integer(
    10 * SECOND,
    [100, 5 * MINUTE],
    'Time that a commit waits for the database; then its client gets 503 commit-unsure, or busy when nothing was sent.',
  ),
  checkpointCommits: integer(
    100_000,
    [1000, 100_000_000],
    'Commits after which the server puts a copy of its read model into the database, so that an empty data folder fills fast.',
  ),

  // — who may ask
  ...IDENTITY_SETTINGS,
  issuer: text(undefined, 'The issuer (iss) whose tokens the server trusts.', { shape: url }),
  audience: text(undefined, 'The audience (aud) that a token must name. Default: publicBaseUrl.'),
  jwksUri: text(undefined, "URL of the issuer's keys.", { shape: url }),
  jwksFile: text(undefined, "File with the issuer's keys (JWKS), instead of jwksUri. Read again on SIGHUP."),
  tokenAlgorithms: list(['RS256', 'RS384', 'ES256', 'ES384', 'PS256'], 'Signature algorithms accepted.', {
    shape: algorithm,
  }),
  tokenTypes: list(
    TOKEN_TYPES,
    'Types (typ) of access tokens: at+jwt (RFC 9068); JWT and none (no typ) for issuers that write no other. The server takes the last two only with a scope, and without any claim of an ID token or a logout token.',
    { shape: ['at+jwt, JWT or none', (part: string) => TOKEN_TYPES.includes(part)] },
  ),
  authorizationEndpoint: text(undefined, "The issuer's authorization endpoint, for SMART clients.", {
    shape: url,
  }),
  tokenEndpoint: text(undefined, "The issuer's token endpoint, for SMART clients.", { shape: url }),
  organizationClaim: text('organization', "The claim that names the caller's organization."),
  organizationClaimForm: choice(
    ['reference', 'identifier'],
    'How the claim names it: Organization/id, or an identifier as system|value.',
  ),
  purposeClaim: text(
    'purpose_of_use',
    'The claim that names the purposes of use: codes of ActReason. Tokens of IHE IUA name them in extensions.ihe_iua.purpose_of_use, which is read when this claim is absent. A dot leads into an object.',
  ),
  clientPurposes: list(
    [],
    'The purposes of use that the tokens of a client may claim, as in ehr-7=TREAT BTG; a purpose covers the kinds of it, BTG only itself. Clients without a row: TREAT HPAYMT HOPERAT PATRQT.',
    { shape: clientPurpose },
  ),
  sessionClaim: text('sid', 'The claim that names the session; without one, the token is the session.'),
  rolesClaim: text('roles', 'The claim that names the roles, as in roles or realm_access.roles.'),
  administratorScope: text('closeloop/admin', 'The scope that makes an administrator.'),
  clockToleranceS: integer(5, [0, 300], "Seconds by which the issuer's clock may differ from the server's."),
  tokenCacheMax: integer(10_000, [0, 1_000_000], 'Verified tokens remembered.'),
  tokenCacheMs: integer(
    5 * MINUTE,
    [0, 60 * MINUTE],
    'How long the server remembers a verified token at most.',
  ),
  metricsToken: text(undefined, 'Bearer token for /metrics. Without it only this machine may read them.', {
    secret: true,
  }),

  // — what a request may cost
  bodyBytesMax: integer(5 * MIB, [KIB, 512 * MIB], 'Bytes of a body, after decompression.'),
  ...FILE_SETTINGS,
  bundleEntriesMax: integer(5000, [1, 100_000], 'Entries of a batch or transaction.'),
  urlBytesMax: integer(8 * KIB, [256, 64 * KIB], 'Bytes of path and query.'),
  headersMax: integer(100, [10, 1000], 'Header lines of a request.'),
  headerBytesMax: integer(32 * KIB, [4 * KIB, 256 * KIB], 'Bytes of all header lines of a request.'),
  jsonDepthMax: integer(64, [8, 1000], 'Nesting of JSON.'),
  requestTimeoutMs: integer(
    60 * SECOND,
    [SECOND, 10 * MINUTE],
    'Time within which a request must have arrived.',
  ),
  headersTimeoutMs: integer(
    15 * SECOND,
    [SECOND, 5 * MINUTE],
    'Time within which its headers must have arrived.',
  ),
  keepAliveTimeoutMs: integer(30 * SECOND, [SECOND, 10 * MINUTE], 'Time an idle connection is kept.'),
  stalledTimeoutMs: integer(
    2 * MINUTE,
    [SECOND, 10 * MINUTE],
    'Time after which a connection in use, on which nothing moves, is cut.',
  ),
  connectionsMax: integer(5000, [1, 100_000], 'Connections at a time; further ones are closed.'),
  requestsInFlightMax: integer(500, [1, 100_000], 'Requests worked on at a time; further ones get 503.'),
  requestsPerOrganizationMax: integer(
    200,
    [1, 100_000],
    'Requests of one organization worked on at a time, whichever its clients; further ones get 429.',
  ),
  turnsAtOnceMax: integer(
    2,
    [1, 10_000],
    'Requests and messages of one organization that the server works on at a time, while it is late, has no time to spare, and another organization works, too; the rest wait in line.',
  ),
  requestsPerClientMax: integer(
    200,
    [1, 100_000],
    'Requests of one client worked on at a time; further ones get 429.',
  ),
  drainMs: integer(
    10 * SECOND,
    [0, 10 * MINUTE],
    'Time that requests in flight have to finish when the server stops.',
  ),

  answerBytesMax: integer(
    32 * MIB,
    [MIB, 512 * MIB],
    'Bytes of the matches of a page, of what it includes, and of the answers of a batch or of the reads of a transaction.',
  ),
  heavyThreads: integer(1, [1, 8], 'Threads that read and check bodies and messages over 128 KiB.'),
  heavyTimeoutMs: integer(
    20 * SECOND,
    [SECOND, 5 * MINUTE],
    'Time after which the server ends a task of such a thread with too-costly.',
  ),

  // — searching
  searchTimeoutMs: integer(
    10 * SECOND,
    [100, 5 * MINUTE],
    'Time after which the server ends a search with search-too-costly.',
  ),
  searchSnapshotMs: integer(15 * MINUTE, [MINUTE, DAY], 'How long the pages of a search can be read.'),
  fullText: onOff(
    true,
    'Whether the server keeps the words of every resource in a file beside the store, for _text and _content.',
  ),
  searchWorkers: integer(
    2,
    [1, 16],
    'Threads that search. One organization uses at most all but one, so that its searches do not hold up others.',
  ),
  searchesRemembered: integer(
    2000,
    [0, 100_000],
    'Pages of searches of organizations that are remembered while nothing is written, so that the same search is answered again at once. 0 for none.',
  ),
  pageSize: integer(50, [1, 1000], 'Matches of a page when _count is absent.'),
  includesMax: integer(1000, [1, 10_000], 'Included resources of a page at most.'),
  pageSizeMax: integer(1000, [1, 10_000], 'Matches of a page at most.'),

  // — rules
  putToUnusedId: choice(
    ['administrator', 'everyone'],
    'Who may create a resource by PUT to an unused id. With everyone, an organization may do so within its own range, as in org-id.1.',
  ),
  identitySystems: list(
    [],
    'Systems whose identifiers say who an organization is, besides the built-in ones. An identifier counts only when it is verified.',
    { shape: ['absolute URIs', (part: string) => URL.canParse(part)] },
  ),
  partyKindDefault: choice(
    ['provider', 'none'],
    'What an organization counts as that no administrator has given a kind (docs/directory.md, D1): a health care provider, or nothing.',
  ),
  communityNeedsAuthorization: onOff(
    false,
    'Whether an organization that is neither a provider nor covered (community-organization) is told by authorization of the patient alone. The law does not ask for it: what it denies opens a work item for review.',
  ),
  privatePartiesMax: integer(
    100_000,
    [1, 10_000_000],
    'Private records of other organizations, persons, roles, places and services that one organization keeps at most, deleted ones among them.',
  ),
  openTaskForServiceRequest: onOff(
    true,
    'Whether the server opens the referral Task of an active order with a performer by itself.',
  ),
  skipUnchanged: onOff(
    true,
    'Whether an update or patch that changes nothing makes no version. The server then answers with the current version and its ETag.',
  ),

  validation: list(
    ['*:claimed'],
    'How much the server checks on a write, per type: off, structural, claimed (profiles), required (profiles). Parameters:referable, or *:referable, allows relative references to a type that is not served.',
    { shape: level, unsafe: unsafeLevels },
  ),
  unknownModifierExtensions: choice(
    ['refuse', 'accept'],
    'Whether the server refuses or accepts a resource with an unknown modifier extension.',
    {
      unsafe: (value) =>
        value === 'accept' ? 'what a modifier extension changes may be overlooked' : undefined,
    },
  ),

  // — emergencies
  breakGlassMaxMs: integer(
    4 * 60 * MINUTE,
    [MINUTE, 12 * 60 * MINUTE],
    'The longest time for which a person may have emergency access to what a patient denies ($break-glass).',
  ),
  breakGlassPerDay: integer(
    5,
    [1, 1000],
    'Grants of emergency access that one person may have in a day; for a further one a second person confirms.',
  ),

  // — telling others
  dispatchIntervalMs: integer(
    250,
    [10, MINUTE],
    'Time between two looks at the outbox when nothing wakes it.',
  ),
  leaseMs: integer(
    30 * SECOND,
    [SECOND, 10 * MINUTE],
    'Time a delivery attempt may take before another may try.',
  ),
  attemptsMax: integer(12, [1, 100], 'Attempts before the server gives a delivery to a person.'),
  backoffMinMs: integer(SECOND, [10, 10 * MINUTE], 'Shortest pause between two attempts.'),
  backoffMaxMs: integer(15 * MINUTE, [SECOND, DAY], 'Longest pause between two attempts.'),
  newAddressesPerDayMax: integer(
    20,
    [1, 100_000],
    'New addresses that an organization may name in a day, in Subscriptions and Endpoints.',
  ),
  subscriptionAllowList: list(
    [],
    'Places to which the server may send notifications, besides https at public addresses: host, host:port, 10.0.0.0/8:port or http://host:port.',
    {
      shape: allowedPlace,
      unsafe: (hosts) => (hosts.length > 0 ? `notifications may go to ${hosts.join(', ')}` : undefined),
    },
  ),
  subscriptionsMax: integer(10_000, [1, 1_000_000], 'Active Subscriptions of all organizations together.'),
  subscriptionsPerOrganizationMax: integer(
    100,
    [1, 100_000],
    'Active Subscriptions of one organization. This bounds the notifications of one commit.',
  ),
  deliveriesInFlightMax: integer(32, [1, 1000], 'Deliveries under way at a time, each to another receiver.'),

  // — numbers
  serverOid: text(
    undefined,
    'OID under which the server numbers the referrals and patients of organizations without an OID of their own. Default: derived from publicBaseUrl.',
    { shape: oid },
  ),

  // — clocks
  aheadToleranceMs: integer(
    5 * MINUTE,
    [SECOND, DAY],
    'How far the time of an event may be ahead of its receipt. The server orders nothing by a time beyond that, and tells the sender.',
  ),

  deliveriesPerOrganizationMax: integer(
    4,
    [1, 1000],
    'Deliveries under way at a time to one organization, so that its silent receivers hold up no other organization.',
  ),
  deliveriesPerHostMax: integer(2, [1, 1000], 'Deliveries under way at a time to one host.'),

  // — HL7 v2 over MLLP
  hl7Links: text(
    undefined,
    'JSON file with the listening ports and the links of HL7 v2 peers. Without it nothing listens for messages.',
  ),
  hl7AllowList: list(
    [],
    'Places to which the server may send HL7 v2 messages, besides public addresses and the places of the links: host:port or 10.0.0.0/8:port.',
    { shape: allowedPlace },
  ),
  hl7PlainTo: choice(
    ['public', 'listed'],
    'Where the server may send HL7 v2 messages without TLS: also to public addresses (inside a tunnel), or to listed places only.',
  ),
  hl7MessageBytesMax: integer(64 * MIB, [KIB, 512 * MIB], 'Bytes of one HL7 v2 message.'),
  hl7MessageTimeoutMs: integer(
    MINUTE,
    [SECOND, 60 * MINUTE],
    'Time within which a message that has begun must be whole.',
  ),
  hl7IdleTimeoutMs: integer(0, [0, 30 * DAY], 'Time after which a silent connection is closed; 0 for never.'),
  hl7ConnectionsMax: integer(200, [1, 10_000], 'Connections of one port at a time.'),
  hl7ConnectionsPerPeerMax: integer(
    50,
    [1, 10_000],
    'Connections of one peer, known by its certificate or address.',
  ),
  hl7HeldBytesMax: integer(
    256 * MIB,
    [MIB, 16 * 1024 * MIB],
    'Bytes of messages that have begun or wait, of all peers together. One peer may hold half of them.',
  ),
  hl7ConnectTimeoutMs: integer(
    5 * SECOND,
    [100, MINUTE],
    'Time to reach a peer, a subscriber or the issuer.',
  ),
  duplicateWindowMs: integer(
    7 * DAY,
    [MINUTE, 90 * DAY],
    'How long the server recognises a repeated message by its control id.',
  ),
  pairWithinMs: integer(MINUTE, [SECOND, 60 * MINUTE], 'How long a note and its status wait for each other.'),
  parkMs: integer(
    15 * MINUTE,
    [SECOND, 7 * DAY],
    'How long a message waits for the one before it, until the server asks a person.',
  ),

  // — Direct mail
  ...DIRECT_SETTINGS,

  // — operating
  logLevel: choice(['info', 'debug', 'warn', 'error'], 'The least severe log lines that the server writes.'),
  demo: onOff(
    false,
    'Demonstration: a built-in issuer and two organizations. The server then refuses to listen beyond loopback.',
    {
      unsafe: (value) => (value ? 'tokens are issued by this server itself' : undefined),
    },
  ),
};
