/** Groups of fields with empty lines between them (RFC 3464, 2.1; RFC 8098, 3.1), as notifications hold them. */

/** The values by name in lower case, unfolded. The first of a name counts. */
export type FieldGroup = ReadonlyMap<string, string>;

const BYTES_MAX = 65_536;
const GROUPS_MAX = 101;
const FIELDS_MAX = 100;

/** The groups; lines that are no fields are left out. Never throws. */
export function readFieldGroups(bytes: Uint8Array): readonly FieldGroup[] {
  const text = Buffer.from(bytes.subarray(0, BYTES_MAX)).toString('latin1').replaceAll(/\r\n?/g, '\n');
  const groups: Map<string, string>[] = [];
  let group: Map<string, string> | undefined;
  for (const line of text.replaceAll(/\n[ \t]+(?=\S)/g, ' ').split('\n')) {
    if (line.trim() === '') {
      group = undefined;
      continue;
    }
    const [, name = '', value = ''] = /^([!-9;-~]{1,100})[ \t]*:(.*)$/.exec(line) ?? [];
    if (name === '') continue;
    if (group === undefined) {
      if (groups.length === GROUPS_MAX) break;
      group = new Map();
      groups.push(group);
    }
    const key = name.toLowerCase();
    if (!group.has(key) && group.size < FIELDS_MAX) group.set(key, value.trim());
  }
  return groups;
}
