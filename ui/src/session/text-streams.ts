import { ArrayBufferReader, ArrayBufferWriter, type InputStream, type OutputStream } from '@glokon/guacamole-common-js';

/** Sends text as one whole stream. The library's own writer does not know characters beyond the BMP. */
export function sendText(stream: OutputStream, text: string): void {
  const writer = new ArrayBufferWriter(stream);
  writer.sendData(new TextEncoder().encode(text));
  writer.sendEnd();
}

/** Reads a stream of text to its end. */
export function readText(stream: InputStream, done: (text: string) => void): void {
  const reader = new ArrayBufferReader(stream);
  const decoder = new TextDecoder();
  let text = '';
  reader.ondata = (part) => (text += decoder.decode(part, { stream: true }));
  reader.onend = () => done(text + decoder.decode());
}
