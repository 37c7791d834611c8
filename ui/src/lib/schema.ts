import type { Driver } from '../api/types';

/** The part of JSON Schema (2020-12) that settings use, with Fanlight's own keywords. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  format?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  writeOnly?: boolean;
  'x-group'?: string;
  'x-multiline'?: boolean;
  'x-placeholder'?: string;
}

export function schemaOf(driver: Driver): Schema {
  return driver.schema as Schema;
}

const isNull = (schema: Schema): boolean => schema.type === 'null' || schema.const === null;

/** A schema with its "or null" taken away: what a field holds when it is given. */
export function withoutNull(schema: Schema): Schema {
  const choices = schema.anyOf ?? schema.allOf;
  const kept = choices?.filter((choice) => !isNull(choice));
  if (kept?.length === 1) {
    const { anyOf: _anyOf, allOf: _allOf, ...outer } = schema;
    return withoutNull({ ...kept[0], ...outer });
  }
  return schema;
}

/** The JSON type of a field, `string` where the schema says nothing. */
export function typeOf(schema: Schema): string {
  const types = [schema.type ?? []].flat().filter((name) => name !== 'null');
  if (types[0] !== undefined) return types[0];
  if (schema.properties) return 'object';
  return schema.items ? 'array' : 'string';
}

/** The values that a field is limited to, with a word on each where there is one. */
export function choicesOf(schema: Schema): { value: string; help: string }[] | null {
  const fromEnum = schema.enum?.map((value) => ({ value, help: '' }));
  const fromOneOf = schema.oneOf?.flatMap((choice) =>
    choice.const !== undefined
      ? [{ value: choice.const, help: choice.description ?? '' }]
      : (choice.enum ?? []).map((value) => ({ value, help: choice.description ?? '' })),
  );
  const all = fromEnum ?? fromOneOf;
  if (!all || all.length === 0) return null;
  return all.filter(({ value }) => value !== null).map(({ value, help }) => ({ value: String(value), help }));
}
