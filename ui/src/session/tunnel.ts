import { Parser, Status, Tunnel } from '@glokon/guacamole-common-js';

const PING_EVERY_MS = 2000;
const UNSTEADY_AFTER_MS = 4000;
const DEAD_AFTER_MS = 15_000;

/** How a tunnel ended: the WebSocket's close code and reason. */
export interface Farewell {
  code: number;
  reason: string;
  /** Whether the gateway ever sent anything. */
  opened: boolean;
}

const path = (id: string): string => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/${encodeURIComponent(id)}`;

/**
 * A Guacamole tunnel over the gateway's WebSocket. Beyond the library's own it measures
 * the way to the gateway and back, and tells how the socket was closed.
 */
export class GatewayTunnel extends Tunnel {
  /** Called with the milliseconds of each answered ping. */
  onlatency: (milliseconds: number) => void = () => {};
  onclose: (farewell: Farewell) => void = () => {};
  #url: string;
  #socket: WebSocket | null = null;
  #parser = new Parser();
  #lastHeard = 0;
  #answered = false;
  #opened = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(id: string) {
    super();
    this.#url = path(id);
    this.#parser.oninstruction = (opcode, args) => this.#receive(opcode, args);
  }

  // The library's constructor sets these on the instance, so methods would be shadowed.
  override connect = (data: string): void => {
    this.setState(Tunnel.State.CONNECTING);
    const socket = new WebSocket(`${this.#url}?${data}`, 'guacamole');
    this.#socket = socket;
    this.#lastHeard = Date.now();
    socket.onmessage = (event) => this.#heard(String(event.data));
    socket.onclose = (event) => this.#closed({ code: event.code, reason: event.reason, opened: this.#opened });
    this.#timer = setInterval(() => this.#check(), PING_EVERY_MS);
  };

  override sendMessage = (...elements: unknown[]): void => {
    if (this.#socket?.readyState === WebSocket.OPEN && elements.length > 0) {
      // The types promise separate arguments; the function takes one list.
      this.#socket.send(Parser.toInstruction(elements));
    }
  };

  override disconnect = (): void => {
    this.#closed({ code: 1000, reason: '', opened: this.#opened });
  };

  #heard(message: string): void {
    this.#lastHeard = Date.now();
    if (this.state === Tunnel.State.UNSTABLE) this.setState(Tunnel.State.OPEN);
    try {
      this.#parser.receive(message);
    } catch (error) {
      this.onerror?.(new Status(Status.Code.SERVER_ERROR, String(error)));
      this.#closed({ code: 1002, reason: '', opened: this.#opened });
    }
  }

  #receive(opcode: string, args: string[]): void {
    if (!this.#opened) {
      this.#opened = true;
      this.setState(Tunnel.State.OPEN);
      this.#ping();
    }
    if (opcode !== Tunnel.INTERNAL_DATA_OPCODE) this.oninstruction?.(opcode, args);
    else if (args[0] === 'ping') {
      this.#answered = true;
      this.onlatency(Math.max(0, Date.now() - Number(args[1])));
    }
  }

  #ping(): void {
    this.sendMessage(Tunnel.INTERNAL_DATA_OPCODE, 'ping', String(Date.now()));
  }

  /** Silence only means something while pings are known to be answered. */
  #check(): void {
    const silent = Date.now() - this.#lastHeard;
    const stuck = this.#socket?.readyState === WebSocket.CONNECTING && silent > DEAD_AFTER_MS;
    if (stuck || (this.#answered && silent > DEAD_AFTER_MS)) {
      this.#closed({ code: 1006, reason: '', opened: this.#opened });
    } else if (this.#answered && silent > UNSTEADY_AFTER_MS) this.setState(Tunnel.State.UNSTABLE);
    if (this.#opened) this.#ping();
  }

  #closed(farewell: Farewell): void {
    clearInterval(this.#timer);
    if (this.state === Tunnel.State.CLOSED) return;
    this.setState(Tunnel.State.CLOSED);
    this.#socket?.close();
    this.onclose(farewell);
  }
}
