import type { components } from './schema';

type Schemas = components['schemas'];

export type AuthStatus = Schemas['AuthStatus'];
export type Role = Schemas['Role'];
export type Me = Schemas['Me'];
export type Preset = Schemas['PresetView'];
export type Session = Schemas['SessionView'];
export type HistoryPage = Schemas['HistoryPage'];
export type SessionStatus = Schemas['SessionStatus'];
export type CreatedSession = Schemas['CreatedView'];
export type SessionStep = Schemas['StepView'];
export type Viewer = Schemas['PersonView'];
export type Share = Schemas['ShareView'];
export type MadeShare = Schemas['CreatedShare'];
export type ShareMode = Schemas['ShareMode'];
export type ErrorBody = Schemas['ErrorBody'];
/** `schema` is a JSON Schema, read by `lib/schema`. */
export type Driver = Omit<Schemas['DriverView'], 'schema'> & { schema: unknown };

export type Recording = Schemas['RecordingView'];
export type RecordingIndex = Schemas['IndexView'];
export type Banner = Schemas['BannerView'];
export type HostKey = Schemas['HostKeyView'];

export type User = Schemas['UserView'];
export type GroupMapping = Schemas['GroupMappingView'];
export type Machine = Schemas['MachineView'];
export type MachineRequest = Schemas['MachineRequest'];
export type NewToken = Schemas['TokenRequest'];
export type MadeToken = Schemas['CreatedToken'];
export type UserToken = Schemas['TokenView'];
export type SomeonesToken = Schemas['UserTokenView'];
export type Action = Schemas['Action'];
export type AuditEvent = Schemas['AuditEvent'];
export type AuditPage = Schemas['AuditPage'];
