/**
 * The long runs: random, crashing or exhaustive. Each has three sizes: `quick` within `npm test`, `ci` for a change that is
 * to be taken, `full` by `npm run prove`. All three are the same test with the same assertions.
 */
export type Size = 'quick' | 'ci' | 'full';

export interface Proof {
  /** What holds when it passes. */
  readonly shows: string;
  /** The test that runs it, below `test`. */
  readonly file: string;
  /** What a run is. */
  readonly counts: string;
  readonly runs: Readonly<Record<Size, number>>;
  /** Suites below `test`, so many of which are a run, each as it is; `file` then makes their stores. */
  readonly suites?: readonly string[];
  /** What they find in the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What is tried first on MongoDB: the loop, custody, transactions and HL7 v2; then everything. */
const MONGODB_SUITES = [
  'conformance/loop/scenarios',
  'conformance/loop/ends',
  'conformance/loop/concurrency',
  'conformance/loop/round-trip',
  'conformance/loop/past-steps',
  'conformance/custody/actors',
  'conformance/custody/attacks',
  'conformance/custody/consents',
  'conformance/custody/denials',
  'conformance/custody/deletes',
  'conformance/custody/invisible',
  'conformance/custody/scopes',
  'conformance/rest/bundles',
  'conformance/rest/conditional',
  'conformance/rest/history',
  'conformance/hl7v2/loop',
  'conformance/hl7v2/duplicates',
  'conformance/hl7v2/order.test',
  'conformance/hl7v2/withdrawn',
  'conformance/',
] as const;

export const PROOFS = {
  reach: {
    shows: 'after any life of a few organizations, each is given exactly what it may see',
    file: 'conformance/custody/reach.property.test.ts',
    counts: 'lives',
    runs: { quick: 10, ci: 60, full: 600 },
  },
  gates: {
    shows:
      'whatever kinds, labels, denials and permits there are, each is given the world without what is withheld',
    file: 'conformance/custody/gates.property.test.ts',
    counts: 'lives',
    runs: { quick: 5, ci: 60, full: 600 },
  },
  scopes: {
    shows: 'whatever granular scopes there are beside, each is given the world without what they leave out',
    file: 'conformance/custody/scopes.property.test.ts',
    counts: 'lives',
    runs: { quick: 4, ci: 40, full: 400 },
  },
  agreements: {
    shows: 'by every way out, only an agreement in force lets health information pass',
    file: 'conformance/agreements/ways-out.test.ts',
    counts: 'pairs of states, when it was told and when it is asked',
    runs: { quick: 5, ci: 25, full: 36 },
  },
  'agreement-sight': {
    shows:
      'whatever agreements are in force, who works for others is given the world without what none of them covers',
    file: 'conformance/custody/agreements.property.test.ts',
    counts: 'lives',
    runs: { quick: 4, ci: 40, full: 400 },
  },
  denials: {
    shows: 'after any life of reach, denials and a clock, each sees what it would if the denied were deleted',
    file: 'contract/store.denials.test.ts',
    counts: 'lives',
    runs: { quick: 40, ci: 200, full: 2000 },
  },
  contexts: {
    shows: 'compartments, searches of the whole system and includes give what brute force gives',
    file: 'conformance/custody/contexts.property.test.ts',
    counts: 'worlds',
    runs: { quick: 2, ci: 6, full: 60 },
  },
  searches: {
    shows: 'random searches find what brute force finds',
    file: 'contract/search.embedded.test.ts',
    counts: 'worlds of 12 searches',
    runs: { quick: 20, ci: 60, full: 500 },
  },
  types: {
    shows: 'each interaction that is claimed of a resource type is served, conditions included',
    file: 'conformance/capability.test.ts',
    counts: 'types that are data only',
    runs: { quick: 25, ci: 90, full: 127 },
  },
  parameters: {
    shows: 'each search parameter and include that is claimed of a resource type finds what it should',
    file: 'conformance/capability.search.test.ts',
    counts: 'types that are data only',
    runs: { quick: 25, ci: 90, full: 127 },
  },
  'conditional-moves': {
    shows: 'a Task selected by a condition moves between any two states as one that is written by its id',
    file: 'conformance/loop/every-move.by-condition.test.ts',
    counts: 'pairs of states for each caller and way to write',
    runs: { quick: 50, ci: 100, full: 169 },
  },
  'transaction-moves': {
    shows:
      'a Task that is written in a transaction moves between any two states as one that is written alone',
    file: 'conformance/loop/every-move.in-transaction.test.ts',
    counts: 'pairs of states for each caller and way to write',
    runs: { quick: 50, ci: 100, full: 169 },
  },
  visits: {
    shows: 'an Appointment beside a Task in one transaction makes one move of both, between any two states',
    file: 'conformance/loop/every-visit.test.ts',
    counts: 'pairs of states for each caller and kind of evidence',
    runs: { quick: 50, ci: 100, full: 169 },
  },
  faults: {
    shows: 'a fault put anywhere into a resource of any type is found there, once',
    file: 'conformance/validation/samples.test.ts',
    counts: 'faults of each kind in each type, at most',
    runs: { quick: 30, ci: 300, full: 10_000 },
  },
  requests: {
    shows: 'requests that went wrong somewhere at random never fail the server',
    file: 'conformance/rest/fuzz.test.ts',
    counts: 'requests of each kind',
    runs: { quick: 100, ci: 400, full: 8000 },
  },
  messages: {
    shows: 'HL7 v2 texts and bytes that went wrong at random are messages or faults',
    file: 'unit/hl7v2/fuzz.property.test.ts',
    counts: 'texts for each property',
    runs: { quick: 500, ci: 1500, full: 50_000 },
  },
  fields: {
    shows: 'HL7 v2 messages with any fields make valid resources, or none',
    file: 'unit/hl7v2/messages/hostile.test.ts',
    counts: 'messages of each type',
    runs: { quick: 60, ci: 250, full: 5000 },
  },
  ccda: {
    shows: 'whatever a referral holds, its document is valid C-CDA and is read again as valid FHIR',
    file: 'unit/ccda/emission.property.test.ts',
    counts: 'documents',
    runs: { quick: 15, ci: 250, full: 3000 },
  },
  'ccda-losses': {
    shows: 'each element of a resource shows when its C-CDA is read again, or is on the list of losses',
    file: 'unit/ccda/silence.property.test.ts',
    counts: 'resources of each type',
    runs: { quick: 10, ci: 120, full: 2000 },
  },
  order: {
    shows: 'permuted and repeated HL7 v2 histories end as the history ends',
    file: 'conformance/hl7v2/order.property.test.ts',
    counts: 'histories',
    runs: { quick: 20, ci: 60, full: 600 },
  },
  'direct-bytes': {
    shows: 'what is mailed by Direct opens to the same bytes; mails that were changed at random do not open',
    file: 'unit/direct/mail.property.test.ts',
    counts: 'mails for each property',
    runs: { quick: 60, ci: 300, full: 10_000 },
  },
  'direct-order': {
    shows: 'permuted and repeated Direct mails end as their history ends',
    file: 'conformance/direct/order.property.test.ts',
    counts: 'histories',
    runs: { quick: 10, ci: 40, full: 400 },
  },
  pair: {
    shows: 'whatever one server sends of a referral over HL7 v2, another of its kind applies with AA',
    file: 'conformance/hl7v2/pair.property.test.ts',
    counts: 'referrals',
    runs: { quick: 25, ci: 100, full: 2000 },
  },
  direct: {
    shows: 'whatever one server mails of a referral by Direct, another of its kind applies, to each end',
    file: 'conformance/direct/mirror.property.test.ts',
    counts: 'referrals',
    runs: { quick: 8, ci: 16, full: 200 },
  },
  kills: {
    shows: 'killed under load: nothing acknowledged is lost, nothing happens twice or by halves',
    file: 'conformance/durability/kill.test.ts',
    counts: 'kills',
    runs: { quick: 3, ci: 8, full: 50 },
  },
  'file-kills': {
    shows:
      'killed while attachments come in: what was acknowledged has all its bytes, and nothing else stays',
    file: 'conformance/durability/files.test.ts',
    counts: 'kills',
    runs: { quick: 2, ci: 6, full: 30 },
  },
  'message-kills': {
    shows: 'killed while engines send: what was acknowledged happened once',
    file: 'conformance/hl7v2-mllp/kill.test.ts',
    counts: 'kills',
    runs: { quick: 2, ci: 6, full: 20 },
  },
  'direct-kills': {
    shows: 'killed while a partner mails: what was taken happened once, and its notifications come',
    file: 'conformance/direct/kill.test.ts',
    counts: 'kills',
    runs: { quick: 1, ci: 3, full: 20 },
  },
  power: {
    shows: 'cut off from its disk anywhere, the store reopens at a whole commit with everything promised',
    file: 'conformance/durability/power.test.ts',
    counts: 'copies that are cut and reopened',
    runs: { quick: 24, ci: 300, full: 1000 },
  },
  'mongodb-two': {
    shows: 'two nodes on one log that are asked in turn keep all laws of the store',
    file: 'contract/store.mongodb.two.test.ts',
    counts: 'runs of all laws',
    runs: { quick: 0, ci: 1, full: 3 },
  },
  'mongodb-weak': {
    shows: 'the laws hold on a server without sessions, transactions and change streams',
    file: 'contract/store.mongodb.weak.test.ts',
    counts: 'runs of all laws',
    runs: { quick: 0, ci: 1, full: 3 },
  },
  mongodb: {
    shows:
      'a server on MongoDB and its database, killed under load: nothing acknowledged is lost, doubled or renumbered',
    file: 'conformance/durability/kill.mongodb.test.ts',
    counts: 'kills',
    runs: { quick: 0, ci: 10, full: 200 },
  },
  'mongodb-cuts': {
    shows:
      'whatever byte a connection to the database breaks at, each commit is written once or refused rightly',
    file: 'contract/store.mongodb.cuts.test.ts',
    counts: 'connections cut or hung',
    runs: { quick: 0, ci: 60, full: 600 },
  },
  'mongodb-race': {
    shows: 'four nodes that write to one log at once make one order without a gap, and hold the same',
    file: 'contract/store.mongodb.race.test.ts',
    counts: 'commits of each node',
    runs: { quick: 25, ci: 200, full: 5000 },
  },
  'mongodb-conformance': {
    shows: 'the server on MongoDB passes the conformance suites as on its own folder',
    file: 'test-database.ts',
    counts: 'suites, the last of which is all of them',
    runs: { quick: 0, ci: MONGODB_SUITES.length - 1, full: MONGODB_SUITES.length },
    suites: MONGODB_SUITES,
    env: { TEST_STORE: 'mongodb' },
  },
  throttle: {
    shows: 'whoever guesses at one account or at many has few passwords compared, and shuts nobody out',
    file: 'unit/accounts/throttle.proof.test.ts',
    counts: 'guesses in each way',
    runs: { quick: 300, ci: 2000, full: 10_000 },
  },
} as const satisfies Readonly<Record<string, Proof>>;

export type ProofName = keyof typeof PROOFS;
