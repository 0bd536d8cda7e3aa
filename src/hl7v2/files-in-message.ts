/** The files inside of a message: what the encapsulated data (ED) of its OBX segments hold (HL7 v2.5.1, 2.A.24, 7.4.2.5). */
import type { Message, Segment } from './message.ts';

/** OBX-2: its value is encapsulated data. */
const ENCAPSULATED = 'ED';

/** The bytes of each file; of data that is not base64, nothing: that is text of the message itself. */
export const filesInMessage = ({ segments }: Message): readonly Buffer[] =>
  segments.filter(({ name, fields }) => name === 'OBX' && fields[2] === ENCAPSULATED).flatMap(filesOf);

function filesOf({ fields: [, , , , , value = ''], syntax }: Segment): readonly Buffer[] {
  return value.split(syntax.repetition).flatMap((repetition) => {
    const [, , , encoding, data = ''] = repetition.split(syntax.component);
    return encoding?.toLowerCase() === 'base64' && data !== '' ? [Buffer.from(data, 'base64')] : [];
  });
}
