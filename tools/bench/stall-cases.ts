/** Legal and hostile input of any size; each case says which part of it is many, long or deep. */

/** A body, sent by a method to an address. */
export interface StallCase {
  readonly says: string;
  readonly send: 'POST' | 'PUT' | 'PATCH' | 'GET' | 'MLLP';
  readonly path: string;
  readonly contentType?: string;
  /** @param bytes the size, roughly */
  readonly make: (bytes: number) => string;
}

const filled =
  (before: string, item: string, after: string, between = ',') =>
  (bytes: number): string => {
    const count = Math.max(
      1,
      Math.floor((bytes - before.length - after.length) / (item.length + between.length)),
    );
    return before + `${item}${between}`.repeat(count - 1) + item + after;
  };

const post = (type: string, says: string, make: StallCase['make'], contentType?: string): StallCase => ({
  says: `${type}: ${says}`,
  send: 'POST',
  path: `/fhir/${type === 'Bundle' ? '' : type}`,
  ...(contentType !== undefined && { contentType }),
  make,
});

const PATIENT = '{"resourceType":"Patient",';
const BASIC = '{"resourceType":"Basic","code":{"text":"x"},';
const DIV = String.raw`"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">`;
const XML = 'application/fhir+xml';
const entry = (resource: string): string =>
  `{"resource":${resource},"request":{"method":"POST","url":"Basic"}}`;
const bundle = (type: string, resource: string) =>
  filled(`{"resourceType":"Bundle","type":"${type}","entry":[`, entry(resource), ']}');

const BODIES: readonly StallCase[] = [
  post(
    'Basic',
    'many extensions',
    filled(`${BASIC}"extension":[`, '{"url":"http://example.org/x","valueString":"some words here"}', ']}'),
  ),
  post(
    'Basic',
    'many decimals that keep their literal',
    filled(`${BASIC}"extension":[`, '{"url":"http://example.org/x","valueDecimal":1.50}', ']}'),
  ),
  post(
    'Basic',
    'one long text',
    (bytes) => `{"resourceType":"Basic","code":{"text":"${'x'.repeat(bytes)}"}}`,
  ),
  post(
    'Binary',
    'base64',
    (bytes) => `{"resourceType":"Binary","contentType":"a/b","data":"${'AAAA'.repeat(bytes / 4)}"}`,
  ),
  post('Patient', 'many names', filled(`${PATIENT}"name":[`, '{"family":"a","given":["b"]}', ']}')),
  post('Patient', 'many given names', filled(`${PATIENT}"name":[{"given":[`, '"b"', ']}]}')),
  post('Patient', 'a long narrative', (bytes) => `${PATIENT}${DIV}${'<p>a</p>'.repeat(bytes / 8)}</div>"}}`),
  post(
    'List',
    'many references',
    filled(
      '{"resourceType":"List","status":"current","mode":"working","entry":[',
      '{"item":{"reference":"Patient/nobody"}}',
      ']}',
    ),
  ),
  post('Patient', 'numbers for names', filled(`${PATIENT}"name":[`, '1', ']}')),
  post('Patient', 'empty names', filled(`${PATIENT}"name":[`, '{}', ']}')),
  post('Patient', 'nulls', filled(`${PATIENT}"name":[{"given":[`, 'null', ']}]}')),
  post(
    'Patient',
    'unknown elements',
    (bytes) => `${PATIENT}${Array.from({ length: bytes / 11 }, (_, i) => `"x${i}":1`).join(',')}}`,
  ),
  post(
    'Patient',
    'contained that nobody mentions',
    filled(`${PATIENT}"contained":[`, '{"resourceType":"Patient","id":"a"}', ']}'),
  ),
  post(
    'List',
    'references to nothing within',
    filled(
      '{"resourceType":"List","status":"current","mode":"working","entry":[',
      '{"item":{"reference":"#a"}}',
      ']}',
    ),
  ),
  post('Basic', 'the same key again and again', filled(`${BASIC}`, '"x":1', '}')),
  post('Basic', 'deep', (bytes) => `${BASIC}"extension":${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}}`),
  post('Basic', 'an end that is missing', filled(`${BASIC}"extension":[`, '{"url":"a"}', '')),
  post('Patient', 'an open narrative', (bytes) => `${PATIENT}${DIV}${'<p>'.repeat(bytes / 3)}</div>"}}`),
  post(
    'Patient',
    'XML, many names',
    filled('<Patient xmlns="http://hl7.org/fhir">', '<name><family value="a"/></name>', '</Patient>', ''),
    XML,
  ),
  post(
    'Patient',
    'XML, deep',
    (bytes) => `<Patient xmlns="http://hl7.org/fhir">${'<name>'.repeat(bytes / 6)}`,
    XML,
  ),
  post(
    'Bundle',
    'a transaction of many',
    bundle('transaction', '{"resourceType":"Basic","code":{"text":"x"}}'),
  ),
  post('Bundle', 'a batch of many', bundle('batch', '{"resourceType":"Basic","code":{"text":"x"}}')),
  post('Bundle', 'a transaction, each wrong', bundle('transaction', '{"resourceType":"Basic"}')),
  post(
    'Bundle',
    'a transaction of one large',
    (bytes) =>
      `{"resourceType":"Bundle","type":"transaction","entry":[${entry(filled(`${BASIC}"extension":[`, '{"url":"http://example.org/x","valueString":"some words here"}', ']}')(bytes))}]}`,
  ),
];

const patch = (says: string, make: StallCase['make']): StallCase => ({
  says: `JSON Patch: ${says}`,
  send: 'PATCH',
  path: '/fhir/Basic/PATCHED',
  contentType: 'application/json-patch+json',
  make,
});
const doubling = (operation: (index: number) => object) => (): string =>
  JSON.stringify(Array.from({ length: 1000 }, (_, index) => operation(index)));

const PATCHES: readonly StallCase[] = [
  patch(
    'copies of lists that double',
    doubling(() => ({ op: 'copy', from: '/extension', path: '/extension/-' })),
  ),
  patch(
    'copies of all that double',
    doubling((i) => ({ op: 'copy', from: '', path: `/a${i}` })),
  ),
  patch(
    'moves',
    doubling(() => ({ op: 'move', from: '/code', path: '/code' })),
  ),
  patch(
    'one large value',
    (bytes) =>
      `[{"op":"add","path":"/extension","value":[${filled('', '{"url":"http://example.org/x","valueString":"y"}', '')(bytes)}]}]`,
  ),
];

const search = (says: string, query: string): StallCase => ({
  says: `search: ${says}`,
  send: 'GET',
  path: `/fhir/${query}`,
  make: () => '',
});

const SEARCHES: readonly StallCase[] = [
  search(
    'by 2000 identifiers',
    `Patient?identifier=${Array.from({ length: 1200 }, (_, i) => `n${i}`).join(',')}`,
  ),
  search('a thousand tasks with what they name', 'Task?_count=1000&_include=*'),
  search('everything about them', 'Patient?_count=1000&_revinclude=*'),
];

const HEAD =
  'MSH|^~\\&|A|2.999.360.1^2.999.360.1^ISO|B|2.999.360.2^2.999.360.2^ISO|20261001120000+0000||OMG^O19^OMG_O19|#|P|2.5.1\r' +
  'PID|1||MRN-1^^^&2.999.360.1.5&ISO^MR||Doe^Jane||19800101|F\r' +
  'ORC|NW|R-#^^2.999.360.1.15^ISO\rOBR|1|R-#^^2.999.360.1.15^ISO||57133-1^Referral note^LN\r';
const message = (says: string, make: (head: string, bytes: number) => string): StallCase => {
  let sent = 0;
  return {
    says: `HL7 v2: ${says}`,
    send: 'MLLP',
    path: '',
    make: (bytes) =>
      make(HEAD.replaceAll('#', `${says.replaceAll(/\W/g, '')}${(sent += 1)}`.slice(0, 15)), bytes),
  };
};

const MESSAGES: readonly StallCase[] = [
  message('many NTE', (head, bytes) => head + `NTE|1||${'x'.repeat(60)}\r`.repeat(bytes / 69)),
  message('one long NTE', (head, bytes) => `${head}NTE|1||${'x'.repeat(bytes)}\r`),
  message('repetitions in PID-3', (head, bytes) =>
    head.replace('PID|1||', `PID|1||${'a~'.repeat(bytes / 2)}`),
  ),
  message('repetitions in NTE-3', (head, bytes) => `${head}NTE|1||${'a~'.repeat(bytes / 2)}\r`),
  message('escapes', (head, bytes) => `${head}NTE|1||${'\\T\\'.repeat(bytes / 3)}\r`),
  message('open escapes', (head, bytes) => `${head}NTE|1||${'\\'.repeat(bytes)}\r`),
  message('fields', (head, bytes) => `${head}NTE${'|'.repeat(bytes)}\r`),
  message('line ends', (head, bytes) => head + '\r'.repeat(bytes)),
  message('lines that are no segments', (head, bytes) => head + 'xx\r'.repeat(bytes / 3)),
];

export const STALL_CASES: readonly StallCase[] = [...BODIES, ...PATCHES, ...SEARCHES, ...MESSAGES];
