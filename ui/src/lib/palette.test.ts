import { describe, expect, it } from 'vitest';
import { find, type Offer } from './palette';

const offer = (group: string, title: string, detail = ''): Offer => ({ id: title, group, title, detail, run: () => {} });

describe('find', () => {
  const offers = [offer('targets', 'old db', 'db2.example.com'), offer('targets', 'db', 'root@10.0.0.5'), offer('actions', 'Settings')];

  it('wants every word, and puts titles that begin with them first', () => {
    expect(find(offers, 'db').map((one) => one.title)).toEqual(['db', 'old db']);
    expect(find(offers, 'db example').map((one) => one.title)).toEqual(['old db']);
    expect(find(offers, 'nothing')).toEqual([]);
  });

  it('shows everything in its order for an empty query', () => {
    expect(find(offers, ' ').map((one) => one.title)).toEqual(['old db', 'db', 'Settings']);
  });
});
