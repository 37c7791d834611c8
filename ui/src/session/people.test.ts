import { describe, expect, it } from 'vitest';
import type { Viewer } from '../api/types';
import { changes, myself, NOBODY, others, readPeople, type People } from './people';

const one = (viewer_id: string, over: Partial<Viewer> = {}): Viewer => ({ viewer_id, name: viewer_id, mode: 'view', via: 'share', since: '2027-01-01T00:00:00Z', ...over });
const ada = one('ada', { mode: 'own', via: 'owner' });
const room = (me: string, ...all: Viewer[]): People => ({ me, all });

describe('people', () => {
  it('are read from the instruction, and garbage changes nothing', () => {
    const people = readPeople(['ada', JSON.stringify([ada, one('bob')])], NOBODY);
    expect(people.all.length).toBe(2);
    expect(myself(people)?.mode).toBe('own');
    expect(others(people).map((person) => person.name)).toEqual(['bob']);
    expect(readPeople(['ada', 'no'], people)).toBe(people);
    expect(readPeople(['ada', '{}'], people)).toBe(people);
  });

  it('who come and leave are told, windows of the owner are not', () => {
    const alone = room('ada', ada);
    expect(changes(NOBODY, alone)).toEqual([]);
    expect(changes(alone, room('ada', ada, one('bob')))[0]).toContain('bob');
    expect(changes(room('ada', ada, one('bob')), alone)[0]).toContain('bob');
    expect(changes(alone, room('ada', ada, one('two', { mode: 'own', via: 'owner' })))).toEqual([]);
  });

  it('hear that they may type, and that they may not any more', () => {
    const looks = room('bob', ada, one('bob'));
    const types = room('bob', ada, one('bob', { mode: 'interact' }));
    expect(changes(looks, types).length).toBe(1);
    expect(changes(types, looks)).not.toEqual(changes(looks, types));
    expect(changes(types, types)).toEqual([]);
  });
});
