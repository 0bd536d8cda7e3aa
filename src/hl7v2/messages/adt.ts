/**
 * ADT^A08 and A31, patient information changed, and A40, patients merged (HL7 v2.5.1, 3.3). The server reads them for
 * known patients only (rules 7.6), and builds none.
 */
import type { Identifier } from '../../fhir/types.ts';
import { readPatientNumber } from '../mapping/identity.ts';
import type { Message } from '../message.ts';
import { readMrg } from '../segments/mrg.ts';
import { readFirst } from './correlation.ts';
import type { Findings } from './findings.ts';
import type { MessageDefinition } from './message-definition.ts';
import type { MessageFamily } from './message-family.ts';
import type { ReadingContext } from './reading.ts';

/** MRG-1: the numbers that A40 merges into those of PID-3. */
function readMerged(
  message: Message,
  { namespaces }: Pick<ReadingContext, 'namespaces'>,
  findings: Findings,
): readonly Identifier[] {
  const prior = readFirst(message, 'MRG', readMrg)?.priorPatientIdentifierList ?? [];
  const merged = prior.flatMap((cx) => readPatientNumber(cx, namespaces) ?? []);
  if (merged.length === 0) findings.add('merged');
  return merged;
}

const ADT: MessageFamily = {
  findings: 'ADT',
  isProfiled: false,
  numbers: [],
  makesReferral: false,
  required: ['PID-5'],
  taken: 'ADT',
};

const update = (trigger: string, structures: MessageDefinition['structures']): MessageDefinition => ({
  name: `ADT^${trigger}`,
  structures,
  family: ADT,
  tells: 'news of a patient, for known patients',
  read: () => ({ event: 'patient-update', merges: false, merged: [] }),
});

export const ADT_MESSAGES: readonly MessageDefinition[] = [
  update('A08', ['ADT_A01', 'ADT_A08']),
  update('A31', ['ADT_A05', 'ADT_A31']),
  {
    ...update('A40', ['ADT_A39', 'ADT_A40']),
    tells: 'a merge of two patients, for a person',
    read: (message, _parts, context, findings) => ({
      event: 'patient-update',
      merges: true,
      merged: readMerged(message, context, findings),
    }),
  },
];
