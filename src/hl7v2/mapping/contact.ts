/** Addresses and telecoms: XAD and XTN (HL7 v2.5.1, 2.A.84, 2.A.89) ⇄ Address and ContactPoint. */
import type { Address, ContactPoint } from '../../fhir/types.ts';
import type { Xad, Xtn } from '../datatypes.ts';
import {
  addressTypeOf,
  addressUseOf,
  contactCodeOf,
  contactSystemOf,
  contactUseOf,
  equipmentOf,
} from './codes.ts';
import { filled, some, toFhirString } from './plain.ts';

/** An address; undefined when it has no part but its type. */
export function readAddress(xad: Xad): Address | undefined {
  const parts = filled({
    line: some([toFhirString(xad.streetAddress?.streetOrMailingAddress), toFhirString(xad.otherDesignation)]),
    city: toFhirString(xad.city),
    district: toFhirString(xad.countyParishCode),
    state: toFhirString(xad.stateOrProvince),
    postalCode: toFhirString(xad.zipOrPostalCode),
    country: toFhirString(xad.country),
  });
  if (Object.keys(parts).length === 0) return undefined;
  const use = addressUseOf(xad.addressType) as Address['use']; // the table's
  return filled({ use, type: xad.addressType === 'M' ? ('postal' as const) : undefined, ...parts });
}

/** `12 Alder Way^^Fairmont^OR^97999^US^H`; further lines join the second. */
export const writeAddress = ({ use, type, line = [], ...rest }: Address): Xad => ({
  streetAddress: { streetOrMailingAddress: line[0] },
  otherDesignation: line.slice(1).join(', ') || undefined,
  city: rest.city,
  stateOrProvince: rest.state,
  zipOrPostalCode: rest.postalCode,
  country: rest.country,
  addressType: addressTypeOf(use) ?? (type === 'postal' ? 'M' : undefined),
  countyParishCode: rest.district,
});

/** A telecom; undefined when it has neither a number nor an address. `use` is what the field says (PID-14: work). */
export function readTelecom(xtn: Xtn, use?: ContactPoint['use']): ContactPoint | undefined {
  const email = toFhirString(xtn.emailAddress);
  const value = email ?? readNumber(xtn);
  if (value === undefined) return undefined;
  const equipment = xtn.telecommunicationEquipmentType;
  const system = contactSystemOf(equipment) ?? (email === undefined ? 'phone' : 'email');
  const coded = equipment === 'CP' ? 'mobile' : contactUseOf(xtn.telecommunicationUseCode);
  return filled({
    system: system as ContactPoint['system'], // the table's
    value,
    use: (coded ?? use) as ContactPoint['use'], // the table's
  });
}

/** XTN.12 as it was written; else its parts; else XTN.1, which is kept for old senders. */
function readNumber(xtn: Xtn): string | undefined {
  const { countryCode, areaCityCode, localNumber, extension } = xtn;
  const whole = toFhirString(xtn.unformattedTelephoneNumber);
  if (whole !== undefined) return whole;
  const local = toFhirString(localNumber);
  if (local === undefined) return toFhirString(xtn.telephoneNumber);
  const country = toFhirString(countryCode);
  const parts = [country && `+${country.replace(/^\+/, '')}`, toFhirString(areaCityCode), local];
  const number = parts.filter((part) => part !== undefined && part !== '').join(' ');
  return extension === undefined ? number : `${number} x${extension}`;
}

/** A number in the component where v2.5.1 has unformatted numbers, and in the one where old receivers look. */
export function writeTelecom({ system, value, use }: ContactPoint): Xtn {
  if (system === 'email') {
    const code = use === undefined ? 'NET' : contactCodeOf(use);
    return {
      telecommunicationUseCode: code,
      telecommunicationEquipmentType: 'Internet',
      emailAddress: value,
    };
  }
  const isMobile = use === 'mobile';
  return {
    telephoneNumber: value,
    telecommunicationUseCode: isMobile ? 'PRN' : contactCodeOf(use),
    telecommunicationEquipmentType: isMobile ? 'CP' : equipmentOf(system),
    unformattedTelephoneNumber: value,
  };
}
