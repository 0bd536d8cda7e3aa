/** Scopes against interactions: what is granted, what only within a patient, what would have been needed. */
import { describe, expect, test } from '@jest/globals';
import { permits, type ScopePermit, type ScopedInteraction } from '../../../src/smart/permits.ts';
import { parseScopes } from '../../../src/smart/scopes.ts';

const yes: ScopePermit = { allowed: true, patientOnly: false };
const yesForPatient: ScopePermit = { allowed: true, patientOnly: true };
const no = (needed: string): ScopePermit => ({ allowed: false, needed });

describe('permits', () => {
  test.each<[ScopedInteraction, string]>([
    ['read', 'r'],
    ['vread', 'r'],
    ['history-instance', 'r'],
    ['history-type', 's'],
    ['history-system', 's'],
    ['search-type', 's'],
    ['search-system', 's'],
    ['create', 'c'],
    ['update', 'u'],
    ['patch', 'u'],
    ['delete', 'd'],
    ['conditional-create', 'cs'],
    ['conditional-update', 'us'],
    ['conditional-patch', 'us'],
    ['conditional-delete', 'ds'],
  ])('%s needs exactly %s', (interaction, rights) => {
    expect(permits(parseScopes(`system/*.${rights}`), interaction, 'Task')).toEqual(yes);
    for (const right of rights) {
      const others = 'cruds'.replace(right, '');
      expect(permits(parseScopes(`system/*.${others}`), interaction, 'Task')).toEqual(
        no(`system/Task.${rights}`),
      );
    }
  });

  test.each<[string, ScopedInteraction, string, ScopePermit]>([
    ['', 'read', 'Task', no('system/Task.r')],
    ['system/Task.rs', 'read', 'Task', yes],
    ['system/Task.rs', 'read', 'Patient', no('system/Patient.r')],
    ['user/*.read', 'search-type', 'Patient', yes],
    // every type at once needs a scope for every type
    ['system/Task.rs', 'history-system', '*', no('system/*.s')],
    ['system/*.rs', 'search-system', '*', yes],
    ['patient/*.rs', 'history-system', '*', yesForPatient],
    // patientOnly: no other scope grants it
    ['patient/*.rs', 'read', 'Task', yesForPatient],
    ['patient/*.rs user/Task.r', 'read', 'Task', yes],
    ['patient/*.rs user/Task.r', 'search-type', 'Task', yesForPatient],
    ['patient/Task.s system/Task.c', 'conditional-create', 'Task', yesForPatient],
    ['system/Task.c system/*.s', 'conditional-create', 'Task', yes],
    // what a narrowed scope leaves of the type is no question of whether
    ['system/Task.rs?status=received', 'read', 'Task', yes],
    ['patient/Task.rs?status=received', 'read', 'Task', yesForPatient],
    ['system/Task.rs?status=received', 'create', 'Task', no('system/Task.c')],
    ['system/Task.rs?status=received system/Task.r', 'read', 'Task', yes],
  ])('%s · %s %s', (text, interaction, type, expected) => {
    expect(permits(parseScopes(text), interaction, type)).toEqual(expected);
  });
});
