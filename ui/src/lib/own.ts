import type { ApiError } from '../api/errors';
import type { Field } from './form-model';

const PREFIX = 'personal.';

/** The credentials of one's own that a refusal names. */
export const missingOwn = (error: ApiError): string[] =>
  Object.keys(error.fields).flatMap((path) => (path.startsWith(PREFIX) ? [path.slice(PREFIX.length)] : []));

/** Such a credential as a field of a form. */
export const ownField = (name: string): Field => ({
  name,
  label: name,
  help: '',
  kind: 'text',
  required: true,
  secret: true,
  placeholder: '',
  default: undefined,
  choices: [],
  numeric: false,
  fields: [],
});
