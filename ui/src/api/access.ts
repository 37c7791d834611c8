import { query, request } from './client';
import type { AuditPage, GroupMapping, HostKey, Machine, MachineRequest, MadeToken, NewToken, Role, SomeonesToken, User, UserToken } from './types';

const user = (id: string): string => `/api/users/${encodeURIComponent(id)}`;
const machineOf = (id: string): string => `/api/admin/vms/${encodeURIComponent(id)}`;
const mapping = (id: number): string => `/api/admin/group-mappings/${id}`;

/** What the audit log is narrowed to; an empty text does not narrow. */
export interface AuditFilter {
  from: string;
  to: string;
  action: string;
  actor: string;
  outcome: string;
  q: string;
}

/** Users, group mappings, machines, tokens and the audit log. Every call throws an `ApiError`. */
export const access = {
  users: () => request<User[]>('GET', '/api/users'),
  setRole: (id: string, role: Role) => request<User>('PUT', `${user(id)}/role`, { role }),
  disable: (id: string) => request<User>('POST', `${user(id)}/disable`),
  enable: (id: string) => request<User>('POST', `${user(id)}/enable`),
  signOutEverywhere: (id: string) => request<void>('DELETE', `${user(id)}/sessions`),
  deleteUser: (id: string) => request<void>('DELETE', user(id)),

  mappings: () => request<GroupMapping[]>('GET', '/api/admin/group-mappings'),
  addMapping: (oidc_group: string, role: Role) =>
    request<GroupMapping>('POST', '/api/admin/group-mappings', { oidc_group, role }),
  setMapping: (id: number, oidc_group: string, role: Role) =>
    request<GroupMapping>('PUT', mapping(id), { oidc_group, role }),
  deleteMapping: (id: number) => request<void>('DELETE', mapping(id)),

  machines: () => request<Machine[]>('GET', '/api/admin/vms'),
  addMachine: (machine: MachineRequest) => request<Machine>('POST', '/api/admin/vms', machine),
  setMachine: (id: string, machine: MachineRequest) => request<Machine>('PUT', machineOf(id), machine),
  deleteMachine: (id: string) => request<void>('DELETE', machineOf(id)),

  myTokens: () => request<UserToken[]>('GET', '/api/me/tokens'),
  makeMyToken: (token: NewToken) => request<MadeToken>('POST', '/api/me/tokens', token),
  revokeMyToken: (id: number) => request<void>('DELETE', `/api/me/tokens/${id}`),
  allTokens: () => request<SomeonesToken[]>('GET', '/api/admin/user-tokens'),
  makeTokenFor: (email: string, token: NewToken) =>
    request<MadeToken>('POST', '/api/admin/user-tokens', { email, ...token }),
  revokeToken: (id: number) => request<void>('DELETE', `/api/admin/user-tokens/${id}`),

  hostKeys: () => request<HostKey[]>('GET', '/api/admin/host-keys'),
  forgetHostKey: (endpoint: string) => request<void>('DELETE', `/api/admin/host-keys/${encodeURIComponent(endpoint)}`),

  audit: (filter: Partial<AuditFilter>, limit: number, before?: string) =>
    request<AuditPage>('GET', `/api/admin/audit${query({ ...filter, limit: String(limit), before })}`),
  auditCsv: (filter: Partial<AuditFilter>): string => `/api/admin/audit.csv${query(filter)}`,
};
