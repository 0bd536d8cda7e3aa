/**
 * To which disclosures minimum necessary applies (45 CFR 164.502(b)(2)): to all but those of a closed list, by the basis of
 * the disclosure (compliance M1 and the table of section 4).
 */
import type { Basis } from '../basis.ts';

/** `official`: the word of a public official that it is the minimum suffices (164.514(d)(3)(iii)(A)). */
type Minimum = 'applies' | 'official' | 'no';

// prettier-ignore
const BY_BASIS: Readonly<Record<Basis, Minimum>> = {
  'own':                  'no',       // a use, limited by the rights of who uses it (164.514(d)(2))
  'treatment':            'no',       // 164.502(b)(2)(i)
  'treatment-own':        'applies',
  'payment':              'applies',
  'operations':           'applies',
  'business-associate':   'applies',
  'individual':           'no',       // 164.502(b)(2)(ii)
  'authorization':        'no',       // 164.502(b)(2)(iii)
  'involved-person':      'applies',  // what is directly relevant (164.510(b)(1)(i))
  'required-by-law':      'no',       // 164.502(b)(2)(v)
  'public-health':        'official',
  'child-abuse':          'official',
  'abuse-neglect':        'official',
  'oversight':            'official',
  'psychotherapy-notes':  'no',       // what the authorization says
  'judicial-order':       'no',       // what the order names
  'judicial-process':     'applies',
  'serious-threat':       'applies',
  'correctional':         'applies',
  'workers-compensation': 'no',       // as far as the law says (164.512(l))
  'emergency':            'no',
  'secretary':            'no',       // 164.502(b)(2)(iv)
};

/** Whether a disclosure on a basis is limited to the minimum. */
export const minimumFor = (basis: Basis): Minimum => BY_BASIS[basis];
