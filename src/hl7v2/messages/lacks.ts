/**
 * What a message that was built lacks of what 360X requires: it is read as its receiver would read it, and what would keep
 * it out of the chart there is named here. So nothing is sent that another server of this kind would not apply.
 */
import { encodeMessage, parseMessage, type Message } from '../message.ts';
import { readHeader } from './header.ts';
import { readMessage } from './read.ts';

/** One line for each thing that is missing, without a word of the patient. */
export function lacksOf(messages: readonly Message[]): readonly string[] {
  return [...new Set(messages.flatMap(lacksIn))];
}

function lacksIn(built: Message): readonly string[] {
  const message = parseMessage(encodeMessage(built));
  const { sendingFacility } = readHeader(message, { zone: 'Z' });
  const reading = readMessage(message, {
    newId: () => '',
    zone: 'Z',
    namespaces: {},
    hasDocument: true,
  });
  const { family, given } = (reading.kind === 'reading' ? reading.patient?.name : undefined) ?? {};
  const isNamed = family !== undefined || given !== undefined;
  return [
    ...(isNamed ? [] : ['PID-5: the patient has no name']),
    ...(sendingFacility === undefined
      ? ['MSH-4: the sending organization has neither a facility nor an OID']
      : []),
    ...reading.findings
      .filter(({ severity }) => severity === 'E')
      .map(({ location, says }) => `${location}: ${says}`),
  ];
}
