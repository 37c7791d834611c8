import type { components } from './schema';

type Schemas = components['schemas'];

export type AuthStatus = Schemas['AuthStatus'];
export type Me = Schemas['Me'];
export type Driver = Schemas['Driver'];
export type Preset = Schemas['Preset'];
export type Session = Schemas['Session'];
export type CreatedSession = Schemas['CreatedSession'];
export type SessionStep = Schemas['SessionStep'];
export type ErrorBody = Schemas['ApiError'];
