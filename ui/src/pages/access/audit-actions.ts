import type { Action } from '../../api/types';

/** Every action of the audit log; what the gateway adds is missing here until it is named. */
const EVERY: Readonly<Record<Action, true>> = {
  sign_in: true,
  sign_out: true,
  sign_in_refused: true,
  access_refused: true,
  link_create: true,
  key_create: true,
  key_revoke: true,
  token_create: true,
  token_revoke: true,
  token_refused: true,
  user_create: true,
  user_role: true,
  user_disable: true,
  user_enable: true,
  user_delete: true,
  user_sign_out: true,
  mapping_create: true,
  mapping_update: true,
  mapping_delete: true,
  session_create: true,
  session_start: true,
  session_end: true,
  session_delete: true,
  session_share: true,
  recording_play: true,
  recording_delete: true,
  recording_expire: true,
  recording_fail: true,
  share_create: true,
  share_revoke: true,
  session_watch: true,
  session_join: true,
  session_control: true,
  session_dismiss: true,
  host_key_add: true,
  host_key_forget: true,
};

/** What can be chosen in the audit log's filter. */
export const ACTIONS = Object.keys(EVERY) as Action[];
