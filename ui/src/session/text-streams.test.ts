import { InputStream, OutputStream, Parser, type Client } from '@glokon/guacamole-common-js';
import { describe, expect, it } from 'vitest';
import { readText, sendText } from './text-streams';

/** A client that feeds what is written to one stream into another. */
function roundTrip(text: string): string {
  let received = '';
  const client = { sendAck: () => {} } as unknown as Client;
  const input = new InputStream(client, 0);
  readText(input, (whole) => (received = whole));
  const sender = {
    sendBlob: (_: number, data: string) => input.onblob?.(data),
    endStream: () => input.onend?.(),
  } as unknown as Client;
  sendText(new OutputStream(sender, 0), text);
  return received;
}

describe('text streams', () => {
  it('carry any Unicode unharmed, also across blobs', () => {
    const text = 'grüße 😀 日本 '.repeat(2000);
    expect(roundTrip(text)).toBe(text);
  });
});

describe('instructions', () => {
  it('bar_38a_count_lengths_in_code_points', () => {
    const sent: string[] = [];
    const parser = new Parser();
    parser.oninstruction = (opcode, args) => sent.push(opcode, ...args);
    const write = Parser.toInstruction as unknown as (elements: string[]) => string;
    expect(write(['name', 'a😀é'])).toBe('4.name,3.a😀é;');
    parser.receive('4.name,3.a😀é;4.nop2,0.;');
    expect(sent).toEqual(['name', 'a😀é', 'nop2', '']);
  });
});
