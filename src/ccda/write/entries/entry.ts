/** What the writers of entries share. */
import type { Annotation, CodeableConcept, Reference, Resource } from '../../../fhir/types.ts';
import { SNOMED } from '../../systems.ts';
import { assigned, authorOf, partyOf } from '../party.ts';
import { code, concept } from '../values.ts';
import { element, type Xml } from '../../../xml/elements.ts';
import { template, templateIds } from '../templates.ts';
import { isModified, lose, loseMembers, type Writing } from '../writing.ts';

/** OIDs of systems whose codes are written as they stand in the templates. */
export const OID = {
  loinc: '2.16.840.1.113883.6.1',
  snomed: '2.16.840.1.113883.6.96',
  actClass: '2.16.840.1.113883.5.6',
  actCode: '2.16.840.1.113883.5.4',
  actPriority: '2.16.840.1.113883.5.7',
  actReason: '2.16.840.1.113883.5.8',
} as const;

/** One entry, and the row of the section's table that shows it. */
export interface EntryWritten {
  /** Undefined where nothing is written: the resource is a loss. */
  readonly entry: Xml | undefined;
  /** The cells of its row, in the columns of the section. */
  readonly cells: readonly string[];
}

/** Pieces of narrative of one entry: the row, and the cell of its name. */
export interface Pieces {
  readonly row: string;
  readonly name: string;
  /** Puts words beside the row, and gives the id of the piece that they are. */
  readonly tell: (words: string) => string;
}

/** Writes a resource as an entry. */
export type WriteEntry = (writing: Writing, resource: Resource, pieces: Pieces) => EntryWritten;

export const conceptAt = (resource: Resource, name: string): CodeableConcept | undefined =>
  resource[name] as CodeableConcept | undefined; // validated structure

export const listAt = <Value>(resource: Resource | undefined, name: string): readonly Value[] =>
  (resource?.[name] ?? []) as readonly Value[]; // validated structure

export const stringAt = (resource: Resource, name: string): string | undefined =>
  resource[name] as string | undefined; // validated structure

export const referenceAt = (resource: Resource, name: string): Reference | undefined =>
  resource[name] as Reference | undefined; // validated structure

/** The first code of a concept that is not empty. */
export const codeOf = (value: CodeableConcept | undefined, system?: string): string | undefined =>
  value?.coding?.find((coding) => system === undefined || coding.system === system)?.code;

/** The words of a concept, for narrative. */
export const wordsOf = (value: CodeableConcept | undefined): string =>
  value?.text ??
  value?.coding?.find(({ display }) => display !== undefined)?.display ??
  value?.coding?.[0]?.code ??
  '';

/** Whether a resource says of itself that it should not be there. */
export const isInError = (resource: Resource): boolean =>
  resource['status'] === 'entered-in-error' ||
  codeOf(conceptAt(resource, 'verificationStatus')) === 'entered-in-error';

/** Words for what is ordered, and for what is not to be done. */
export const orderWords = (resource: Resource, words: string): string =>
  resource['doNotPerform'] === true ? `Not: ${words}` : words;

/** A date for people. */
export const dayOf = (dateTime: string | undefined): string => dateTime?.slice(0, 10) ?? '';

export const reference = (piece: string): Xml =>
  element('text', {}, element('reference', { value: `#${piece}` }));

export const status = (value: string): Xml => element('statusCode', { code: value });

/** The clinical status of a problem or an allergy (Status observations). */
export function statusObservation(
  arc: string,
  version: string,
  value: string,
  display: string,
  type: 'CD' | 'CE' = 'CD',
): Xml {
  return element(
    'observation',
    { classCode: 'OBS', moodCode: 'EVN' },
    templateIds(template(arc, version)),
    code('code', '33999-4', OID.loinc, 'Status'),
    status('completed'),
    code('value', value, OID.snomed, display, { 'xsi:type': type }),
  );
}

/** A reason (Indication): what the act is for. */
export function indication(writing: Writing, reason: CodeableConcept, since: string): Xml {
  return element(
    'entryRelationship',
    { typeCode: 'RSON' },
    element(
      'observation',
      { classCode: 'OBS', moodCode: 'EVN' },
      templateIds(template('4.19', '2014-06-09')),
      element('id', { root: writing.actId(`indication ${since} ${JSON.stringify(reason)}`) }),
      element(
        'code',
        { code: '404684003', codeSystem: OID.snomed, displayName: 'Clinical finding' },
        code('translation', '75321-0', OID.loinc, 'Clinical finding'),
      ),
      status('completed'),
      element('effectiveTime', {}, element('low', { nullFlavor: 'UNK' })),
      concept(writing, 'value', reason, { attributes: { 'xsi:type': 'CD' }, prefers: SNOMED }),
    ),
  );
}

/** Comments, each as an act beside the entry, in the words that the narrative has. */
export const comments = (writing: Writing, resource: Resource, { tell }: Pieces): readonly Xml[] =>
  listAt<Annotation>(resource, 'note').flatMap((note) => {
    loseMembers(writing, resource, 'note', note, ['text']);
    if (note.text === undefined || note.text.trim() === '') return [];
    return [
      element(
        'entryRelationship',
        { typeCode: 'SUBJ', inversionInd: 'true' },
        element(
          'act',
          { classCode: 'ACT', moodCode: 'EVN' },
          templateIds(template('4.64')),
          code('code', '48767-8', OID.loinc, 'Annotation comment'),
          reference(tell(note.text)),
          status('completed'),
        ),
      ),
    ];
  });

/** An instruction for the patient (Instruction), in the words of a piece of narrative. */
export const instruction = (writing: Writing, piece: string, since: string): Xml =>
  element(
    'entryRelationship',
    { typeCode: 'SUBJ', inversionInd: 'true' },
    element(
      'act',
      { classCode: 'ACT', moodCode: 'INT' },
      templateIds(template('4.20', '2014-06-09')),
      element('id', { root: writing.actId(`instruction ${since}`) }),
      code('code', '409073007', OID.snomed, 'Education'),
      reference(piece),
      status('completed'),
    ),
  );

/** Who wrote it, and when, which stand together: a date without an author has no place. */
export function authorship(writing: Writing, resource: Resource, who: string, when: string): Xml | undefined {
  const author = authorOf(writing, referenceAt(resource, who), stringAt(resource, when));
  if (author !== undefined) return author;
  if (resource[who] !== undefined) lose(writing, 'unresolved', resource, who, 'refers to what is not told');
  if (resource[when] !== undefined) lose(writing, 'unmapped', resource, when, 'a date without an author');
  return undefined;
}

/** Who did it. Whoever is not told of is a loss. */
export const performers = (
  writing: Writing,
  resource: Resource,
  actors: readonly (Reference | undefined)[],
  path = 'performer',
): readonly Xml[] =>
  actors.flatMap((actor) => {
    const party = partyOf(writing, actor);
    if (party.person !== undefined || party.organization !== undefined)
      return [element('performer', {}, assigned(writing, 'assignedEntity', party))];
    lose(writing, 'unresolved', resource, path, 'refers to what is not told');
    return [];
  });

/** Whether a resource tells of a condition that the patient has: an indication cannot say that there is none. */
const isPresent = (condition: Resource): boolean =>
  condition.resourceType === 'Condition' &&
  !isInError(condition) &&
  codeOf(conceptAt(condition, 'verificationStatus')) !== 'refuted' &&
  !isModified(condition);

/** Reasons, from their codes and from the conditions that are referred to, if the patient has them. */
export function reasonsOf(writing: Writing, resource: Resource): readonly CodeableConcept[] {
  const told = listAt<Reference>(resource, 'reasonReference').flatMap((one) => {
    const condition = writing.lookUp(one);
    if (condition === undefined) {
      lose(writing, 'unresolved', resource, 'reasonReference', 'refers to what is not told');
      return [];
    }
    if (isPresent(condition)) return conceptAt(condition, 'code') ?? [];
    lose(writing, 'unmapped', resource, 'reasonReference', 'only a condition that is there is an indication');
    return [];
  });
  return [...listAt<CodeableConcept>(resource, 'reasonCode'), ...told];
}
