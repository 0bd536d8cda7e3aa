/** Invariants of StructureDefinition and ElementDefinition (http://hl7.org/fhir/R4/structuredefinition.html). */
import {
  atLeastOne,
  has,
  isDistinct,
  listOf,
  notBoth,
  row,
  together,
  treeOf,
  treesOf,
  type Invariant,
  type Tree,
} from './row.ts';

const OF_FHIR = 'http://hl7.org/fhir/StructureDefinition';
const FHIRPATH_TYPE = /^http:\/\/hl7\.org\/fhirpath\/System\.[A-Z][A-Za-z]+$/;
/** The published expression is not anchored, so neither is this. */
const PATH = /[^\s.,:;'"/|?!@#$%&*()[\]{}]{1,64}/;

const atRoot = ({ path }: Tree): boolean => typeof path === 'string' && !path.includes('.');
const isLogical = ({ kind }: Tree): boolean => kind === 'logical';
const ofSnapshot = (definition: Tree): readonly Tree[] => treesOf(treeOf(definition, 'snapshot'), 'element');
const ofDifferential = (definition: Tree): readonly Tree[] =>
  treesOf(treeOf(definition, 'differential'), 'element');
const ofBoth = (definition: Tree): readonly Tree[] => [
  ...ofSnapshot(definition),
  ...ofDifferential(definition),
];
const isOfFhir = ({ url }: Tree): boolean => typeof url === 'string' && url.startsWith(OF_FHIR);
const typesOf = (elements: readonly Tree[]): readonly string[] =>
  elements.flatMap((element) => treesOf(element, 'type').map(({ code }) => String(code)));
const uniqueIds = (elements: readonly Tree[]): boolean =>
  elements.every(({ id }) => id !== undefined) && isDistinct(elements.map(({ id }) => String(id)));

/** With a content reference, another element has the rules. */
const SAID_ELSEWHERE = [
  'type',
  'defaultValue[x]',
  'fixed[x]',
  'pattern[x]',
  'example',
  'minValue[x]',
  'maxValue[x]',
  'maxLength',
  'binding',
];

export const DEFINITIONS: Readonly<Record<string, readonly Invariant[]>> = {
  ElementDefinition: [
    row('eld-2', 'min is at most max', ({ min, max }) => max === '*' || !(Number(min) > Number(max))),
    row('eld-3', 'max is a number or *', ({ max }) => fits(max, /^(?:\*|\d+)$/)),
    row(
      'eld-5',
      'a contentReference stands alone',
      (element) => !has(element, 'contentReference') || !SAID_ELSEWHERE.some((name) => has(element, name)),
    ),
    row('eld-6', 'fixed is for one type', (element) => !has(element, 'fixed[x]') || ofOneType(element)),
    row('eld-7', 'pattern is for one type', (element) => !has(element, 'pattern[x]') || ofOneType(element)),
    notBoth('eld-8', 'pattern[x]', 'fixed[x]'),
    row('eld-13', 'a type stands once', (element) => isDistinct(typesOf([element]))),
    row('eld-14', 'the key of a constraint stands once', (element) =>
      isDistinct(treesOf(element, 'constraint').map(({ key }) => String(key))),
    ),
    notBoth('eld-15', 'defaultValue[x]', 'meaningWhenMissing'),
    row('eld-16', 'sliceName has letters, digits and / - _ [ ] @', ({ sliceName }) =>
      fits(sliceName, /^[a-zA-Z0-9/\-_[\]@]+$/),
    ),
    row(
      'eld-18',
      'a modifier says why it is one',
      (element) => element['isModifier'] !== true || has(element, 'isModifierReason'),
    ),
    row('eld-19', 'path is made of names', ({ path }) => fits(path, PATH)),
    together('eld-22', 'sliceIsConstraining', 'sliceName'),
  ],
  'ElementDefinition.binding': [
    row('eld-12', 'valueSet is an absolute address or a urn', ({ valueSet }) =>
      fits(valueSet, /^(?:http:|https|urn:)/),
    ),
  ],
  'ElementDefinition.slicing': [atLeastOne('eld-1', 'discriminator', 'description')],
  'ElementDefinition.type': [
    row(
      'eld-4',
      'aggregation is for Reference and canonical',
      (type) => !has(type, 'aggregation') || refers(type),
    ),
    row(
      'eld-17',
      'targetProfile is for Reference and canonical',
      (type) => !has(type, 'targetProfile') || refers(type),
    ),
  ],
  StructureDefinition: [
    row(
      'sdf-1',
      'unless it is a constraint, a path stands once in the snapshot',
      (definition) =>
        definition['derivation'] === 'constraint' ||
        isDistinct(ofSnapshot(definition).map(({ path }) => String(path))),
    ),
    row(
      'sdf-4',
      'what is not abstract has a baseDefinition',
      (definition) => definition['abstract'] === true || has(definition, 'baseDefinition'),
    ),
    row(
      'sdf-5',
      'an extension says its context',
      (definition) =>
        definition['type'] !== 'Extension' ||
        definition['derivation'] === 'specialization' ||
        has(definition, 'context'),
    ),
    atLeastOne('sdf-6', 'snapshot', 'differential'),
    row('sdf-8', 'the snapshot begins with the type, and all below begin with it', (definition) => {
      const [first, ...rest] = ofSnapshot(definition);
      if (first === undefined) return true;
      const root = String(first['path']);
      return (
        (isLogical(definition) || root === definition['type']) &&
        rest.every(({ path }) => String(path).startsWith(`${root}.`))
      );
    }),
    row('sdf-8a', 'the differential begins with the type, and all below begin with it', (definition) => {
      const [first, ...rest] = ofDifferential(definition);
      if (first === undefined) return true;
      const root = String(first['path']);
      return (
        (isLogical(definition) || root.startsWith(String(definition['type']))) &&
        rest.every(({ path }) => String(path).startsWith(`${root.replace(/\..*/, '')}.`))
      );
    }),
    row('sdf-9', 'the first element has no label, code or requirements', (definition) =>
      ofBoth(definition)
        .filter(atRoot)
        .every((element) => !['label', 'code', 'requirements'].some((name) => has(element, name))),
    ),
    row('sdf-11', 'the snapshot begins with the type', (definition) => {
      const [first] = ofSnapshot(definition);
      return isLogical(definition) || first === undefined || first['path'] === definition['type'];
    }),
    row('sdf-14', 'every element has an id', (definition) =>
      ofBoth(definition).every(({ id }) => id !== undefined),
    ),
    row(
      'sdf-15',
      'the first element of a snapshot has no type',
      (definition) => isLogical(definition) || !has(ofSnapshot(definition)[0] ?? {}, 'type'),
    ),
    row('sdf-15a', 'a first element that is the whole has no type', (definition) => {
      const [first = {}] = ofDifferential(definition);
      return isLogical(definition) || !atRoot(first) || !has(first, 'type');
    }),
    row('sdf-16', 'ids stand once in the snapshot', (definition) => uniqueIds(ofSnapshot(definition))),
    row('sdf-17', 'ids stand once in the differential', (definition) =>
      uniqueIds(ofDifferential(definition)),
    ),
    row(
      'sdf-18',
      'contextInvariant is for extensions',
      (definition) => !has(definition, 'contextInvariant') || definition['type'] === 'Extension',
    ),
    row(
      'sdf-19',
      "FHIR's own definitions use FHIR's types",
      (definition) =>
        !isOfFhir(definition) ||
        (typesOf(ofDifferential(definition)).every(
          (code) => /^[a-zA-Z0-9]+$/.test(code) || FHIRPATH_TYPE.test(code),
        ) &&
          typesOf(ofSnapshot(definition)).every(
            (code) => /^[a-zA-Z0-9.]+$/.test(code) || FHIRPATH_TYPE.test(code),
          )),
    ),
    row('sdf-20', 'the whole is not sliced', (definition) =>
      ofDifferential(definition)
        .filter(atRoot)
        .every((element) => !has(element, 'slicing')),
    ),
    row(
      'sdf-21',
      'default values are for specializations',
      (definition) =>
        definition['derivation'] === 'specialization' ||
        ofDifferential(definition).every((element) => !has(element, 'defaultValue[x]')),
    ),
    row(
      'sdf-22',
      "FHIR's own definitions have no default values",
      (definition) =>
        !isOfFhir(definition) || ofBoth(definition).every((element) => !has(element, 'defaultValue[x]')),
    ),
    row('sdf-23', 'the whole has no sliceName', (definition) =>
      ofBoth(definition)
        .filter(atRoot)
        .every((element) => !has(element, 'sliceName')),
    ),
  ],
  'StructureDefinition.mapping': [atLeastOne('sdf-2', 'name', 'uri')],
  'StructureDefinition.snapshot': [
    row('sdf-3', 'every element of a snapshot has definition, min and max', (snapshot) =>
      treesOf(snapshot, 'element').every((element) =>
        ['definition', 'min', 'max'].every((name) => has(element, name)),
      ),
    ),
    row('sdf-8b', 'every element of a snapshot has a base', (snapshot) =>
      treesOf(snapshot, 'element').every((element) => has(element, 'base')),
    ),
    row('sdf-10', 'a binding has a valueSet or a description', (snapshot) =>
      treesOf(snapshot, 'element').every(
        (element) =>
          !has(element, 'binding') ||
          ['valueSet', 'description'].some((name) => has(treeOf(element, 'binding'), name)),
      ),
    ),
  ],
};

const ofOneType = (element: Tree): boolean => listOf(element, 'type').length <= 1;
const refers = ({ code }: Tree): boolean => code === 'Reference' || code === 'canonical';
const fits = (text: unknown, form: RegExp): boolean => typeof text !== 'string' || form.test(text);
