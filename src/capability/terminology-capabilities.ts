/**
 * TerminologyCapabilities (http://hl7.org/fhir/R4/terminologycapabilities.html): the code systems of this server and
 * what a client may ask about them.
 */
import type { TerminologyCapabilities } from '../fhir/types.ts';
import { packagedSystemVersion, PACKAGED_SYSTEMS } from '../resources/terminology/packaged.ts';
import type { ServedHouse } from './served.ts';

export function buildTerminologyCapabilities(house: ServedHouse): TerminologyCapabilities {
  const { date, version, base } = house;
  const expand = house.operations.get('ValueSet-expand');
  return {
    resourceType: 'TerminologyCapabilities',
    status: 'active',
    date,
    kind: 'instance',
    software: { name: 'Closeloop', version },
    implementation: {
      description:
        'Packaged code systems and value sets, and those that are stored here, which go before them',
      url: base,
    },
    codeSystem: PACKAGED_SYSTEMS.map(describeSystem),
    ...(expand !== undefined && {
      expansion: {
        hierarchical: false,
        paging: true,
        incomplete: false,
        parameter: expand.parameters
          .filter(({ use }) => use === 'in')
          .map(({ name, documentation }) => ({ name, documentation })),
        textFilter: 'Words that the code or the display holds, whatever their case and accents.',
      },
      codeSearch: 'all',
      validateCode: { translations: false },
    }),
    translation: { needsMap: true },
    closure: { translation: false },
  };
}

/** The code systems that know what is above a code. */
function describeSystem(uri: string): NonNullable<TerminologyCapabilities['codeSystem']>[number] {
  const version = packagedSystemVersion(uri);
  return {
    uri,
    ...(version !== undefined && { version: [{ code: version, isDefault: true }] }),
    subsumption: true,
  };
}
