/** What goes with a package so that somebody without this server can read and check it: README.txt and verify.py. */
import type { PackageQuery } from '../../../ports/audit-packages.ts';
import type { PackageTable } from './package-tables.ts';

/** The commands of the README: a shell with openssl 3, and tools that every system has. */
const CHECK_COMMANDS = `HEADER=$(cut -d. -f1 manifest.jws)
SIGNATURE=$(cut -d. -f3 manifest.jws | tr -d '\\n' | tr '_-' '/+')
while [ $(( \${#SIGNATURE} % 4 )) -ne 0 ]; do SIGNATURE="$SIGNATURE="; done
WORK=$(mktemp -d)
printf '%s' "$SIGNATURE" | openssl base64 -d -A > "$WORK/signature"
PAYLOAD=$(openssl base64 -A -in manifest.json | tr '/+' '_-' | tr -d '=')
printf '%s.%s' "$HEADER" "$PAYLOAD" > "$WORK/signed"
openssl pkeyutl -verify -pubin -inkey signing-key.pem -rawin -in "$WORK/signed" -sigfile "$WORK/signature" || exit 1
sed -n 's/^    {"name":"\\([^"]*\\)".*"sha256":"\\([0-9a-f]*\\)".*/\\2 \\1/p' manifest.json | while read -r SUM NAME; do
  [ "$(openssl dgst -sha256 -r "$NAME" | cut -d' ' -f1)" = "$SUM" ] || { echo "CHANGED: $NAME"; exit 1; }
done && echo "All files are as they were signed."`;

/** Where the commands begin and end in the README. */
const CUT = '---- 8< ----';

interface ReadmeFacts {
  readonly query: PackageQuery;
  readonly server: string;
  readonly key: string;
  readonly publicKey: string;
  readonly tables: readonly Pick<PackageTable, 'name' | 'says'>[];
}

export function buildReadme({ query, server, key, publicKey, tables }: ReadmeFacts): string {
  const { organization, from, to, patient, referral } = query;
  const about = [patient, referral].filter((one) => one !== undefined).join(', ');
  const lines = tables.map(({ name, says }) => `  ${name.padEnd(18)} ${says}`);
  return `Audit package of ${organization} at ${server}
Period: ${new Date(from).toISOString()} to ${new Date(to).toISOString()}${about === '' ? '' : `\nAbout: ${about}`}

This package holds health information. Keep it as you keep a record.

FILES

  events.csv         One line for each event and each record that it names, with the record's patient; a patient of an
                     event of whom no record shows is on its first line. Times are UTC.
  events/            The same events as FHIR R4 AuditEvents (Bundles, type collection).
  chain.ndjson       Every commit of the period with its hash; the rows of the organization in full.
  anchors.ndjson     Hashes of the chain that the server wrote where its database is not.
${lines.join('\n')}
  verify.txt         What the server itself found when it examined its whole log.
  verify.py          Checks this package with Python 3 alone.
  manifest.json      All files with their digests; manifest.jws is its signature (detached JWS, EdDSA).

Cells that a spreadsheet would take for a formula begin with an apostrophe. An event of another organization that
touched records of this one names that organization, and neither its users nor its sessions.

CHECK THE SIGNATURE AND THE FILES

In this folder, in a shell with openssl 3:

${CUT}
${CHECK_COMMANDS}
${CUT}

The key is ${key}. Compare it with the one that the server publishes at /.well-known/jwks.json, or that you were given:

${publicKey}
CHECK THE ROWS AND THE CHAIN

  python3 verify.py

It recomputes the digest of every row, finds it in its commit, and follows the hashes from the first commit to the last.
A commit that has no row of the organization shows a digest of what it holds. What verify.py calls "not provable" are
rows of earlier releases that share a commit with rows of others.
`;
}

/** Sixty lines that need nothing but Python's standard library. */
export const VERIFY_PY = `"""Checks an audit package: its files, the digest of every row, and the chain. Usage: python3 verify.py [folder]"""
import base64, csv, hashlib, json, os, sys

csv.field_size_limit(1 << 30)
folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
faults, digests, hashes, unproven = [], {}, {}, 0


def place(name):
    return os.path.join(folder, *name.split("/"))


def sha(text):
    return hashlib.sha256(text.encode("utf-8"))


def digest(text):
    return plain(json.dumps([text], ensure_ascii=False, separators=(",", ":")))


def plain(text):
    return base64.urlsafe_b64encode(sha(text).digest()).decode().rstrip("=")


with open(place("manifest.json"), encoding="utf-8") as file:
    manifest = json.load(file)
for one in manifest["files"]:
    whole = hashlib.sha256()
    with open(place(one["name"]), "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            whole.update(block)
    if whole.hexdigest() != one["sha256"]:
        faults.append("changed: " + one["name"])

before = None
with open(place("chain.ndjson"), encoding="utf-8") as file:
    for line in file:
        commit = json.loads(line)
        seq, shown = commit["seq"], {int(at): text for at, text in commit.get("rows", {}).items()}
        rows, link, said = {}, commit.get("link"), {}
        if "head" in commit:
            head = json.loads(commit["head"] + "}")
            link = sha(sha(commit["head"]).hexdigest() + commit["tail"]).hexdigest()
            said = dict(enumerate(head.get("rows", [head["audit"]])))
            rows = {at: plain(text) if "rows" in head else digest("[" + text + "]") for at, text in shown.items()}
            faults += ["row %d-%d is not in its commit" % (seq, at) for at in rows if said.get(at) != rows[at]]
        elif "members" in commit:
            link, audit = commit["members"], json.loads(commit["members"])["audit"]
            said = {0: audit} if len(shown) == 1 else {}
            if audit != digest("[" + ",".join(shown[at] for at in sorted(shown)) + "]"):
                faults.append("the rows of commit %d are not its own" % seq)
        else:
            unproven += len(shown)
        digests.update({(seq, at): one for at, one in said.items()})
        hashes[seq] = commit["hash"]
        chained = "%s\\n%d\\n%d\\n%s" % (commit["previous"], seq, commit["at"], link)
        if link is not None and sha(chained).hexdigest() != commit["hash"]:
            faults.append("the hash of commit %d does not follow" % seq)
        if before and (seq != before["seq"] + 1 or commit["previous"] != before["hash"]):
            faults.append("commit %d does not follow commit %d" % (seq, before["seq"]))
        before = commit
with open(place("anchors.ndjson"), encoding="utf-8") as file:
    anchors = [json.loads(line) for line in file]
faults += ["anchor %d says another hash" % a["seq"] for a in anchors if hashes.get(a["seq"], a["hash"]) != a["hash"]]
with open(place("events.csv"), encoding="utf-8-sig", newline="") as file:
    for row in csv.DictReader(file):
        found = digests.get((int(row["seq"]), int(row["position"])), "")
        if row["row_digest"].lstrip("'") != found:
            faults.append("event %s-%s has another digest" % (row["seq"], row["position"]))
print("\\n".join(faults) or "sound: %d commits, %d rows, %d not provable" % (len(hashes), len(digests), unproven))
sys.exit(1 if faults else 0)
`;
