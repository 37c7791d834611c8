/** What can be chosen in the audit log's filter. */
export const ACTIONS = [
  'sign_in',
  'sign_out',
  'sign_in_refused',
  'token_create',
  'token_revoke',
  'token_refused',
  'session_create',
  'session_start',
  'session_end',
  'session_share',
] as const;
