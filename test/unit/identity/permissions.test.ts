/** The tables of permissions: whole, and read as they are written (identity 3 and 4). */
import { describe, expect, test } from '@jest/globals';
import { RIGHT_LIMITS, WORK_KINDS } from '../../../src/identity/limits.ts';
import { MASKS } from '../../../src/identity/masking.ts';
import { MOVE_PERMISSIONS, moveCellOf } from '../../../src/identity/move-permissions.ts';
import { OPERATION_PERMISSIONS } from '../../../src/identity/operation-permissions.ts';
import { grantsOf, ROLE_COLUMNS, TYPE_PERMISSIONS } from '../../../src/identity/permissions.ts';
import { groupOfType, RESOURCE_GROUPS } from '../../../src/identity/resource-groups.ts';
import { isRole, ROLES } from '../../../src/identity/roles.ts';
import { OPERATIONS } from '../../../src/operations/extended/index.ts';
import { KINDS } from '../../../src/operations/work-item.ts';
import { ROWS } from '../../../src/referral/extensions.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';

describe('the table of types', () => {
  test('(identity 3) has every served type in one group, and no other', () => {
    const named = RESOURCE_GROUPS.flatMap(([, , types]) => types);
    expect(named.toSorted()).toEqual([...RESOURCE_TYPES.keys()].toSorted());
    expect(groupOfType('Nothing')).toBeUndefined();
  });

  test('(identity ID-7) has a row for every group, and a cell for every role', () => {
    for (const [group] of RESOURCE_GROUPS) expect(Object.keys(TYPE_PERMISSIONS)).toContain(group);
    for (const [name, cells] of Object.entries(TYPE_PERMISSIONS)) {
      expect([name, cells.length]).toEqual([name, ROLE_COLUMNS.length]);
      for (const cell of cells)
        expect(cell).toMatch(/^(–|[rscud]+( [a-zA-Z]+)?( · [rscud]+( [a-zA-Z]+)?)*)$/);
    }
    expect(ROLES).toEqual([...ROLE_COLUMNS, 'proxy']);
  });

  test('limits rights by known words alone', () => {
    const grants = ROLES.flatMap((role) =>
      [...RESOURCE_TYPES.keys()].flatMap((type) => grantsOf(role, type)),
    );
    for (const { limit } of grants) expect([undefined, ...Object.keys(RIGHT_LIMITS)]).toContain(limit);
    expect(
      Object.values(WORK_KINDS)
        .flat()
        .filter((kind) => !Object.hasOwn(KINDS, kind)),
    ).toEqual([]);
  });

  test('gives a type without a row to nobody', () => {
    for (const role of ROLES) expect(grantsOf(role, 'Nothing')).toEqual([]);
    expect(isRole('administrator')).toBe(false);
    expect(isRole('toString')).toBe(false);
  });
});

describe('the tables of moves and operations', () => {
  test('(identity 4.2) names every trigger event of the transition table once', () => {
    const named = MOVE_PERMISSIONS.flatMap(({ events }) => events);
    expect(named.toSorted()).toEqual([...new Set(ROWS.map(({ event }) => event))].toSorted());
    for (const { cells } of MOVE_PERMISSIONS)
      for (const cell of cells) expect(['yes', 'attach', 'step-up', 'ask', '–']).toContain(cell);
    expect(moveCellOf('coordinator', 'send-nothing')).toBe('–');
  });

  test('(identity 4.4) names every operation, and no other', () => {
    expect(Object.keys(OPERATION_PERMISSIONS).toSorted()).toEqual([...OPERATIONS.keys()].toSorted());
    for (const cells of Object.values(OPERATION_PERMISSIONS)) {
      expect(cells).toHaveLength(ROLE_COLUMNS.length);
      for (const cell of cells) expect(['yes', 'own', 'raise', 'reason', 'step-up', '–']).toContain(cell);
    }
  });

  test('(identity 4.3) masks elements of served types', () => {
    for (const { types } of MASKS) for (const type of types) expect(RESOURCE_TYPES.has(type)).toBe(true);
  });
});
