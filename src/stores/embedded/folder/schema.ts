/**
 * The tables of the embedded engine (node:sqlite, WAL, synchronous FULL).
 *
 * `log` is the truth of the audit chain: one row per commit, holding the digest of every member and the hash of the row
 * before it. `version` holds every stored text. The rest are projections that a commit updates in the same transaction.
 *
 * A version is live as of a seq S when `seq <= S AND ended > S`; the current one has `ended = FOREVER`. Search values
 * belong to a version and never change; those of ended versions are purged after `searchSnapshotMs`. So a search as of a
 * seq needs no lock and no open transaction. A tombstone (method DELETE, no text, no values) ends where it begins, so it
 * is never live; the version of a resource at S, tombstone or not, is its newest with `seq <= S`.
 */

/** The format of the data folder. A newer one is refused, an older one is migrated. */
export const FORMAT = 6;

/** `ended` of what has not ended. */
export const FOREVER = Number.MAX_SAFE_INTEGER;

/** Intervals longer than this (a day, for dates) have an index by their end. */
export const LONG = 86_400_000;

/**
 * Records (ports/record.ts): current values alone. rev: the seq of the commit that wrote it; expires: FOREVER for never;
 * indexed: JSON of its index, as digested, and record_index the same as rows.
 */
export const RECORD_TABLES = `
CREATE TABLE record (kind TEXT NOT NULL, key TEXT NOT NULL, rev INTEGER NOT NULL, body TEXT NOT NULL,
  expires INTEGER NOT NULL, indexed TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;
CREATE INDEX record_expires ON record (expires) WHERE expires < ${FOREVER};
CREATE TABLE record_index (kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, key TEXT NOT NULL,
  PRIMARY KEY (kind, name, value, key)) STRICT, WITHOUT ROWID;
`;

/**
 * What patients deny, and what that makes of sight. Only what holds now is kept: a denial applies to every search and page
 * at once, as of whatever seq.
 */
export const DENIAL_TABLES = `
-- In which Patients' compartments a resource is; of a deleted one, was. patient and rid: resources.
CREATE TABLE about (patient INTEGER NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (patient, rid)) STRICT, WITHOUT ROWID;
CREATE INDEX about_rid ON about (rid, patient);
-- ports/denial.ts. source: the Consent; keeper: name of an organization, 0 for any; restriction and actors: JSON.
CREATE TABLE denial (source INTEGER PRIMARY KEY, patient INTEGER NOT NULL, keeper INTEGER NOT NULL,
  restriction TEXT NOT NULL, actors TEXT NOT NULL) STRICT;
CREATE INDEX denial_patient ON denial (patient);
CREATE TABLE denial_found_by (name TEXT NOT NULL, source INTEGER NOT NULL, PRIMARY KEY (name, source))
  STRICT, WITHOUT ROWID;
CREATE INDEX denial_found_by_source ON denial_found_by (source);
-- org does not see rid by way of root from since until until (milliseconds since 1970, the end excluded). lasting: 1 where
-- no emergency lifts it; quiet: 1 where nobody is told of it.
CREATE TABLE denied (org INTEGER NOT NULL, rid INTEGER NOT NULL, root INTEGER NOT NULL, since INTEGER NOT NULL,
  until INTEGER NOT NULL, lasting INTEGER NOT NULL DEFAULT 0, quiet INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (org, rid, root, since)) STRICT, WITHOUT ROWID;
CREATE INDEX denied_root ON denied (root);
-- org was told or shown the version of rid at seq, which it does not keep; derived from the audit of the log.
CREATE TABLE received (org INTEGER NOT NULL, rid INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (org, rid, seq)) STRICT, WITHOUT ROWID;
CREATE INDEX sight_rid ON sight (rid, root);
`;

/** What guards withhold is computed from: marks of content, what Consents permit, and the kinds of parties. */
export const GUARD_TABLES = `
-- policies/guards/marks.ts, of the newest version; of a deleted resource, of its last. always: 1 where a guard withholds it
-- whoever the recipient is.
CREATE TABLE mark (rid INTEGER NOT NULL, mark TEXT NOT NULL, always INTEGER NOT NULL, PRIMARY KEY (rid, mark))
  STRICT, WITHOUT ROWID;
CREATE INDEX mark_named ON mark (mark, rid);
CREATE INDEX mark_always ON mark (rid) WHERE always = 1;
-- source: the Consent; permit, actors and about: JSON.
CREATE TABLE permit (source INTEGER PRIMARY KEY, patient INTEGER NOT NULL, permit TEXT NOT NULL, actors TEXT NOT NULL,
  about TEXT NOT NULL) STRICT;
CREATE INDEX permit_patient ON permit (patient);
-- Parties that are something else than a provider; kinds: JSON.
CREATE TABLE party_kind (party TEXT PRIMARY KEY, kinds TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

export const SCHEMA = `
-- born (the format that the folder began with; 1 when it does not say) · recordsPurged (records that expired up to this
-- instant are gone) · format · horizon (a search as of an earlier seq is expired) · purged (search values of versions ended up to this seq
-- are gone) · indexed (the audit index holds the commits up to this seq; what comes after is found in the log).
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

-- One row per commit, or per block of audited reads. seq has no gaps.
--   members: JSON, the digest of each member in order (a version's text, the audit text, each outbox entry, each
--            delivery outcome, the key, each record); hash: sha256 over (previous hash, seq, at, members).
--   audit:   JSON array of compact AuditEntry rows (rendered as AuditEvents when asked for).
CREATE TABLE log (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  audit TEXT NOT NULL,
  members TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;

-- Which commits hold audit rows that concern a name. key: 'n:Type/id' (an entity or patient), 'a:Organization/id'
-- (an organization that acted, kept what was told, or was told it), 'v:Organization/id' (an organization that may see a row of that commit: the agent's own or
-- a viewer), 's:', 'b:' and 'h:' before a session, a basis and a hash of bytes.
CREATE TABLE audit_index (key TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (key, seq)) STRICT, WITHOUT ROWID;

-- Identities. type is interned (name table), everyone = 1 for directory resources. An edge may point to what does not
-- exist yet: then there is a row here (custodian 0) and no version.
CREATE TABLE name (nid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE resource (
  rid INTEGER PRIMARY KEY,
  ref TEXT NOT NULL UNIQUE,
  type INTEGER NOT NULL,
  custodian INTEGER NOT NULL,          -- name of the organization; 0 = the server
  everyone INTEGER NOT NULL
) STRICT;
CREATE INDEX resource_kept ON resource (type, everyone, custodian);

CREATE TABLE version (
  vid INTEGER PRIMARY KEY,             -- grows in the order of writing
  rid INTEGER NOT NULL,
  type INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  at INTEGER NOT NULL,
  method TEXT NOT NULL,
  text TEXT                            -- NULL: deleted (or expunged, see log)
) STRICT;
CREATE UNIQUE INDEX version_of ON version (rid, seq);
CREATE INDEX version_type ON version (type, ended, vid);

-- Search values of versions. pid = name of '<Type>.<param>'. low and high as in ports/query.ts. A version with several
-- intervals under a parameter is noted by a row 0, 0 under '<Type>.<param>:several'.
CREATE TABLE value (pid INTEGER NOT NULL, low ANY NOT NULL, vid INTEGER NOT NULL, high ANY NOT NULL,
  PRIMARY KEY (pid, low, vid, high)) STRICT, WITHOUT ROWID;
CREATE INDEX value_of ON value (vid, pid, low, high);
CREATE INDEX value_long ON value (pid, high, vid) WHERE high - low > ${LONG};

-- The graph of reach. owner is the resource whose write declared the edge.
CREATE TABLE edge (source INTEGER NOT NULL, target INTEGER NOT NULL, owner INTEGER NOT NULL,
  PRIMARY KEY (source, target, owner)) STRICT, WITHOUT ROWID;
CREATE INDEX edge_back ON edge (target, source);
CREATE INDEX edge_owner ON edge (owner);
CREATE TABLE party (root INTEGER NOT NULL, org INTEGER NOT NULL, PRIMARY KEY (root, org)) STRICT, WITHOUT ROWID;
-- Who sees what beyond its own: org sees rid because root reaches it, from since until ended (both seqs).
CREATE TABLE sight (org INTEGER NOT NULL, rid INTEGER NOT NULL, root INTEGER NOT NULL, since INTEGER NOT NULL,
  ended INTEGER NOT NULL, PRIMARY KEY (org, rid, root, since)) STRICT, WITHOUT ROWID;
CREATE INDEX sight_root ON sight (root, ended);

-- The outbox. id = '<seq>-<position>'. state: 0 waiting, 1 leased, 2 accepted, 3 refused, 4 withheld. due: when it may be
-- claimed (next), the end of the lease, or when it was settled; FOREVER while an earlier entry of its lane is open.
CREATE TABLE outbox (
  oid INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  lane TEXT NOT NULL,                  -- rail, receiver and ordering key: within a lane, strictly in order
  entry TEXT NOT NULL,                 -- JSON of the OutboxEntry (entry-text.ts)
  subject TEXT NOT NULL,
  receiver TEXT NOT NULL,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  due INTEGER NOT NULL,
  lease TEXT NOT NULL,                 -- the process instance that holds the lease
  why TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_open ON outbox (oid) WHERE state < 2;
CREATE INDEX outbox_due ON outbox (receiver, due, oid) WHERE state < 2;
CREATE INDEX outbox_lane ON outbox (lane, oid) WHERE state < 2;
CREATE INDEX outbox_settled ON outbox (due) WHERE state >= 2;
CREATE INDEX outbox_subject ON outbox (subject, oid);
CREATE INDEX outbox_receiver ON outbox (receiver, oid);

CREATE TABLE commit_key (scope TEXT NOT NULL, id TEXT NOT NULL, fingerprint TEXT NOT NULL, seq INTEGER NOT NULL,
  at INTEGER NOT NULL, reply TEXT NOT NULL, PRIMARY KEY (scope, id)) STRICT, WITHOUT ROWID;
CREATE INDEX commit_key_at ON commit_key (at);
${RECORD_TABLES}${DENIAL_TABLES}${GUARD_TABLES}`;
