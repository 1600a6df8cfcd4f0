import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { beforeEach, expect, test } from '@jest/globals';
import { accepts, atTestEnd, eventually, type FaultProxy, startFaultProxy } from '@reeve/testkit';

const echo = createServer((socket) => {
  socket.on('error', () => {});
  socket.pipe(socket);
});
let proxy: FaultProxy;

beforeEach(async () => {
  if (!echo.listening) {
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    atTestEnd(() => void echo.close());
  }
  proxy = await startFaultProxy((echo.address() as AddressInfo).port);
});

async function open(): Promise<{ socket: Socket; received: () => string; lost: () => boolean }> {
  const socket = connect(proxy.port, '127.0.0.1');
  atTestEnd(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return { socket, received: () => text, lost: () => socket.destroyed };
}

test('passes bytes both ways', async () => {
  const { socket, received } = await open();
  socket.write('hello');
  await eventually(() => received() === 'hello', { what: 'the echo arrives' });
});

test('a cut closes every connection and lets new ones in', async () => {
  const first = await open();
  await eventually(() => proxy.open === 1, { what: 'the proxy has accepted' });
  proxy.cut();
  await eventually(first.lost, { what: 'the connection is lost' });
  const second = await open();
  second.socket.write('again');
  await eventually(() => second.received() === 'again', { what: 'the echo arrives' });
});

test('a stalled direction keeps what was sent until it resumes', async () => {
  const { socket, received } = await open();
  socket.write('a');
  await eventually(() => received() === 'a', { what: 'the echo arrives' });
  proxy.stall('to_client');
  socket.write('b');
  await eventually(() => socket.bytesWritten === 2, { what: 'it is sent' });
  expect(received()).toBe('a');
  proxy.resume();
  await eventually(() => received() === 'ab', { what: 'the rest arrives' });
});

test('what was held back is not overtaken when the delay ends', async () => {
  const { socket, received } = await open();
  socket.write('a');
  await eventually(() => received() === 'a', { what: 'the echo arrives' });
  proxy.delay(50);
  socket.write('b');
  await eventually(() => proxy.heldBack > 0, { what: 'the proxy holds it back' });
  proxy.delay(0);
  socket.write('c');
  await eventually(() => received().length === 3, { what: 'everything arrives' });
  expect(received()).toBe('abc');
});

test('refuses connections until it accepts again, on the same port', async () => {
  await proxy.refuse();
  expect(await accepts(proxy.port)).toBe(false);
  await proxy.accept();
  expect(await accepts(proxy.port)).toBe(true);
});

test('cuts at random bytes let through at most as many as asked for', async () => {
  proxy.cutRandomly({ seed: 7, bytesMax: 5 });
  const { socket, received, lost } = await open();
  socket.write('0123456789');
  await eventually(lost, { what: 'the connection is cut' });
  expect(received().length).toBeLessThanOrEqual(5);
});
