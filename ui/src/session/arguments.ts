import type { Client } from '@glokon/guacamole-common-js';
import { readText, sendText } from './text-streams';

type Listener = (value: string) => void;

/**
 * The named values that a session's engine and this page tell each other while it lives
 * (`argv` streams). What an engine can do it announces by sending the name once at the
 * start; what was not announced is not offered.
 */
export class Arguments {
  #client: Client | null = null;
  #listeners = new Map<string, Listener>();

  attach(client: Client): void {
    this.#client = client;
    client.onargv = (stream, _mimetype, name) => readText(stream, (value) => this.#listeners.get(name)?.(value));
  }

  /** Calls `listener` with each value of `name`. */
  on(name: string, listener: Listener): void {
    this.#listeners.set(name, listener);
  }

  send(name: string, value: string): void {
    if (this.#client) sendText(this.#client.createArgumentValueStream('text/plain', name), value);
  }
}
