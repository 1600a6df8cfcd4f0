import { describe, expect, test } from '@jest/globals';
import { Reader, Writer } from '@reeve/wire';
import { type Message, readMessage, writeMessage } from '../src/message.ts';

const LENGTH_BYTES = 4;

describe('a message', () => {
  const rounds = ['ping', 'pong'].map((kind) => ({ kind, round: 2 ** 31 }) as Message);
  test.each(rounds)('of $kind counts rounds for as long as a leader leads', (message) => {
    const writer = new Writer();
    writeMessage(writer, message);
    expect(readMessage(new Reader().reset(writer.take(), LENGTH_BYTES))).toEqual(message);
  });
});
