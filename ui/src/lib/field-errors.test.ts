import { describe, expect, it } from 'vitest';
import { errorFrom } from '../api/errors';
import { shell } from './drivers.fixture';
import { placeErrors } from './field-errors';
import { formOf } from './form-model';

const fields = formOf(shell).flatMap((group) => group.fields);

describe('placeErrors', () => {
  it('finds plain and nested fields, and says the rest above the form', () => {
    const errors = { port: 'must be 1-65535', 'hops[1].username': 'is required', 'hops.0.nope': 'is unknown', pasword: 'is unknown' };
    expect(placeErrors(fields, errors)).toEqual({
      byPath: { port: 'must be 1-65535', 'hops.1.username': 'is required', hops: 'is unknown' },
      elsewhere: ['pasword is unknown'],
    });
  });
});

describe('errorFrom', () => {
  it('keeps the sentence, code and fields of the gateway', () => {
    const error = errorFrom(400, '{"error":"port must be 1-65535","code":"invalid","fields":{"port":"must be 1-65535"}}');
    expect(error).toMatchObject({ status: 400, code: 'invalid', fields: { port: 'must be 1-65535' } });
  });

  it('has words for an answer that is not JSON, and keeps the time to wait', () => {
    expect(errorFrom(502, '<html>').message).toContain('502');
    expect(errorFrom(429, '{"error":"Slow down","code":"limited"}', '30').retryAfter).toBe(30);
  });
});
