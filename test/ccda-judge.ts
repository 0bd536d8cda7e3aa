/**
 * The official rules of C-CDA, applied to what we write: the schematron of R2.1 and the schema of CDA with the extensions
 * of HL7 Structured Documents. They are HL7's and no part of this project: `CCDA_JUDGES` names a folder that holds
 * `ccda21.sch`, `voc.xml` and `SDTC/`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  ParseOption,
  XmlDocument,
  XmlValidateError,
  XmlXPath,
  XsdValidator,
  type XmlElement,
} from 'libxml2-wasm';
import { xmlRegisterFsInputProviders } from 'libxml2-wasm/lib/nodejs.mjs';

const RULES = 'ccda21.sch';
const VALUE_SETS = 'voc.xml';
const SCHEMA = 'SDTC/infrastructure/cda/CDA_SDTC.xsd';

/** The folder of the official rules; undefined where none is named. */
const folderOfRules = (): string | undefined => process.env['CCDA_JUDGES'];

/** The reason why the official rules cannot be asked; undefined when they can. */
export function whyNoRules(): string | undefined {
  const folder = folderOfRules();
  if (folder === undefined) return 'CCDA_JUDGES names no folder';
  const absent = [RULES, VALUE_SETS, SCHEMA].filter((name) => !existsSync(join(folder, name)));
  return absent.length === 0 ? undefined : `${absent.join(', ')} not found in CCDA_JUDGES`;
}

/** Lists what is wrong with a document: a line for each fault of the schema and each rule that it breaks. */
export type JudgeDocument = (xml: string) => readonly string[];

const NAMESPACES = {
  cda: 'urn:hl7-org:v3',
  sdtc: 'urn:hl7-org:sdtc',
  xsi: 'http://www.w3.org/2001/XMLSchema-instance',
  voc: 'http://www.lantanagroup.com/voc',
  sch: 'http://purl.oclc.org/dsdl/schematron',
};

/** Opens both judges over libxml2; compiling the rules takes about a second. */
export function openRules(): JudgeDocument {
  const folder = folderOfRules() ?? '';
  const breaks = schematronOf(join(folder, RULES), valueSetsOf(join(folder, VALUE_SETS)));
  const validator = schemaOf(join(folder, SCHEMA));
  return (xml) => {
    const document = XmlDocument.fromBuffer(new TextEncoder().encode(xml), {
      option: ParseOption.XML_PARSE_HUGE | ParseOption.XML_PARSE_NONET,
    });
    try {
      return [...faultsOf(validator, document), ...breaks(document)];
    } finally {
      document.dispose();
    }
  };
}

function schemaOf(path: string): XsdValidator {
  xmlRegisterFsInputProviders(); // the schema includes other files
  const document = XmlDocument.fromBuffer(readFileSync(path), { url: path });
  try {
    return XsdValidator.fromDoc(document);
  } finally {
    document.dispose();
  }
}

function faultsOf(validator: XsdValidator, document: XmlDocument): readonly string[] {
  try {
    validator.validate(document);
    return [];
  } catch (error) {
    if (!(error instanceof XmlValidateError)) throw error;
    return error.details.map(({ line, message }) => `schema, line ${line}: ${message.trim()}`);
  }
}

/** The codes of each value set that the rules compare with. */
function valueSetsOf(path: string): ReadonlyMap<string, readonly string[]> {
  const document = XmlDocument.fromBuffer(readFileSync(path));
  const sets = elements(document.root, '/voc:systems/voc:system').map(
    (set) =>
      [
        attribute(set, 'valueSetOid') ?? '',
        elements(set, 'voc:code').map((code) => attribute(code, 'value') ?? ''),
      ] as const,
  );
  document.dispose();
  return new Map(sets);
}

interface Assertion {
  readonly test: XmlXPath;
  readonly says: string;
}

interface Rule {
  readonly context: XmlXPath;
  /** Its `let`s, of which the official rules have one: the value of an attribute of the context. */
  readonly assertions: (element: XmlElement) => readonly Assertion[];
}

/**
 * Reads the patterns of the phase `errors`. A node is judged by the first rule of a pattern whose context it matches. The
 * rules are XPath 1.0; `document('voc.xml')` alone is replaced by the codes.
 */
function schematronOf(
  path: string,
  valueSets: ReadonlyMap<string, readonly string[]>,
): (document: XmlDocument) => readonly string[] {
  const source = XmlDocument.fromBuffer(readFileSync(path), { option: ParseOption.XML_PARSE_HUGE });
  const compile = compilerOf(valueSets);
  const phase = new Set(
    elements(source.root, "/sch:schema/sch:phase[@id='errors']/sch:active").map((one) =>
      attribute(one, 'pattern'),
    ),
  );
  const patterns = elements(source.root, '/sch:schema/sch:pattern')
    .filter((pattern) => phase.has(attribute(pattern, 'id')))
    .map((pattern) =>
      elements(pattern, "sch:rule[not(@abstract='true')]").map((rule) => ruleOf(rule, compile)),
    );
  source.dispose();
  return (document) => patterns.flatMap((rules) => brokenIn(document, rules));
}

function brokenIn(document: XmlDocument, rules: readonly Rule[]): readonly string[] {
  const judged: XmlElement[] = [];
  const broken: string[] = [];
  for (const { context, assertions } of rules) {
    const found = document.find(context) as XmlElement[]; // contexts are elements
    const mine = found.filter((one) => !judged.some((other) => other.isSameNode(one)));
    if (rules.length > 1) judged.push(...mine);
    for (const element of mine)
      for (const { test, says } of assertions(element))
        if (element.eval(test) !== true) broken.push(`rule, line ${element.line}: ${says}`);
  }
  return broken;
}

type Compile = (test: string) => XmlXPath;

function compilerOf(valueSets: ReadonlyMap<string, readonly string[]>): Compile {
  const compiled = new Map<string, XmlXPath>();
  return (test) => {
    const known = compiled.get(test);
    if (known !== undefined) return known;
    const plain = test.replaceAll(
      /(@\w+)\s*=\s*document\('voc\.xml'\)\/voc:systems\/voc:system\[@valueSetOid='([\d.]+)'\]\/voc:code\/@value/g,
      (_found, name: string, oid: string) =>
        `(${(valueSets.get(oid) ?? []).map((code) => `${name}='${code}'`).join(' or ')})`,
    );
    const made = XmlXPath.compile(plain, NAMESPACES);
    compiled.set(test, made);
    return made;
  };
}

function ruleOf(rule: XmlElement, compile: Compile): Rule {
  const lets = elements(rule, 'sch:let').map((one) => attribute(one, 'name') ?? '');
  const tests = assertionsOf(rule, new Set());
  // Alternatives stand outside of brackets.
  const context = (attribute(rule, 'context') ?? '')
    .split(/\s*\|\s*(?![^[]*\])/)
    .map((one) => (one.startsWith('/') ? one : `//${one}`))
    .join(' | ');
  const compileAll = (put: (test: string) => string): readonly Assertion[] =>
    tests.map(({ test, says }) => ({ test: compile(`boolean(${put(test)})`), says }));
  if (lets.length === 0) {
    const fixed = compileAll((test) => test);
    return { context: compile(context), assertions: () => fixed };
  }
  return {
    context: compile(context),
    assertions: (element) =>
      compileAll((test) =>
        lets.reduce((said, name) => said.replaceAll(`$${name}`, `'${attribute(element, name) ?? ''}'`), test),
      ),
  };
}

/** The assertions of a rule and of the abstract ones that it extends. */
function assertionsOf(
  rule: XmlElement,
  seen: Set<string>,
): readonly { readonly test: string; readonly says: string }[] {
  const own = elements(rule, 'sch:assert').map((one) => ({
    test: attribute(one, 'test') ?? '',
    says: one.content.replaceAll(/\s+/g, ' ').trim(),
  }));
  const extended = elements(rule, 'sch:extends').flatMap((one) => {
    const id = attribute(one, 'rule') ?? '';
    if (seen.has(id)) return [];
    seen.add(id);
    return elements(rule, `/sch:schema/sch:pattern/sch:rule[@id='${id}']`).flatMap((each) =>
      assertionsOf(each, seen),
    );
  });
  return [...own, ...extended];
}

const elements = (from: XmlElement, path: string): XmlElement[] =>
  from.find(path, NAMESPACES) as XmlElement[];

const attribute = (element: XmlElement, name: string): string | undefined => element.attr(name)?.value;

/** The second engine: lxml compiles the rules to XSLT. It prints the faults of all documents as JSON. */
const LXML = `
import inspect, json, sys
from lxml import etree, isoschematron
folder, files = sys.argv[1], sys.argv[2:]
# A compiled stylesheet has no place of its own: the file of value sets is named by its whole path.
text = open(folder + '/${RULES}', 'rb').read().replace(b"document('", b"document('file://" + folder.encode() + b'/')
rules = etree.fromstring(text).getroottree()
# The official rules do not validate by themselves. An older lxml (Debian 12 has 4.9) knows no word for that.
isoschematron.schematron_schema_valid = lambda schematron: True
knows = 'validate_schema' in inspect.signature(isoschematron.Schematron.__init__).parameters
unasked = {'validate_schema': False} if knows else {}
schematron = isoschematron.Schematron(rules, **unasked, store_report=True, phase='errors')
schema = etree.XMLSchema(etree.parse(folder + '/${SCHEMA}'))
said = {'s': 'http://purl.oclc.org/dsdl/svrl'}
faults = []
for file in files:
    document = etree.parse(file)
    schema.validate(document)
    schematron.validate(document)
    broken = schematron.validation_report.xpath('//s:failed-assert/s:text', namespaces=said)
    faults.append([str(one) for one in schema.error_log] + [' '.join(one.itertext()).strip() for one in broken])
print(json.dumps(faults))
`;

/** The reason why lxml cannot be asked; undefined when it can. */
export function whyNoLxml(): string | undefined {
  const noRules = whyNoRules();
  if (noRules !== undefined) return noRules;
  return pythonWithLxml() === undefined ? 'Debian: apt-get install python3-lxml' : undefined;
}

/** The python of PATH may be another one than Debian's, whose packages it does not see. */
function pythonWithLxml(): string | undefined {
  return ['python3', '/usr/bin/python3'].find((python) => {
    try {
      execFileSync(python, ['-c', 'from lxml import isoschematron'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/** What lxml finds wrong with documents, in their order. */
export function judgeByLxml(documents: readonly string[]): readonly (readonly string[])[] {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-ccda-'));
  try {
    const files = documents.map((xml, index) => {
      const path = join(folder, `${index}.xml`);
      writeFileSync(path, xml);
      return path;
    });
    const printed = execFileSync(
      pythonWithLxml() ?? 'python3',
      ['-c', LXML, resolve(folderOfRules() ?? ''), ...files],
      {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    return JSON.parse(printed) as string[][];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
