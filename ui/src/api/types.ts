import type { components } from './schema';

type Schemas = components['schemas'];

export type AuthStatus = Schemas['AuthStatus'] & { oidc_name?: string | null; api_key_sign_in?: boolean };
export type Role = Schemas['Role'];
export type Me = Omit<Schemas['Me'], 'auth_type'> & { auth_type: 'api_key' | 'token' | 'oidc' };
export type Preset = Schemas['PresetView'];
export type Session = Schemas['SessionView'];
export type CreatedSession = Schemas['CreatedView'];
export type SessionStep = Schemas['StepView'];
export type ErrorBody = Schemas['ErrorBody'];
/** `schema` is a JSON Schema, read by `lib/schema`. */
export type Driver = Omit<Schemas['DriverView'], 'schema'> & { schema: unknown };

export interface User {
  id: string;
  subject: string;
  issuer: string;
  email: string | null;
  name: string;
  role: Role;
  role_source: 'mapping' | 'admin' | 'default';
  groups: string[];
  disabled: boolean;
  created_at: string;
  last_login_at: string | null;
}

export interface GroupMapping {
  id: number;
  oidc_group: string;
  role: Role;
  created_at: string;
}

export interface NewToken {
  name: string;
  max_role?: Role;
  expires_at?: string;
}

export interface MadeToken {
  id: number;
  name: string;
  token: string;
  max_role: Role | null;
  expires_at: string | null;
}

export interface UserToken {
  id: number;
  name: string;
  max_role: Role | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface SomeonesToken extends UserToken {
  user_id: string;
  user_email: string | null;
  user_name: string;
}

export interface AuditEvent {
  id: string;
  created_at: string;
  action: string;
  outcome: 'ok' | 'refused' | 'error';
  actor_id: string | null;
  actor_name: string | null;
  actor_email: string | null;
  auth_type: string | null;
  ip_addr: string | null;
  subject_type: string | null;
  subject_id: string | null;
  subject_name: string | null;
  details: Record<string, string>;
}

export interface AuditPage {
  items: AuditEvent[];
  next: string | null;
}
