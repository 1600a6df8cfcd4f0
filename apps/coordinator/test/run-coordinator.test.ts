import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { temporaryDirectory } from '@reeve/testkit';
import { pino } from 'pino';
import { runCoordinator } from '../src/run-coordinator.ts';

interface Line {
  readonly msg: string;
  readonly level: number;
}

function recorder() {
  const lines: (Line & Record<string, unknown>)[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { logger, lines, messages: () => lines.map(({ msg }) => msg) };
}

function word(port: number, letters: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port });
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socket.on('close', () => resolve(text)).write(letters);
  });
}

describe('a coordinator process', () => {
  test('by place and port serves on a free one, and says what it found and when it stops', async () => {
    const { logger, lines, messages } = recorder();
    const dataDir = temporaryDirectory();
    const coordinator = await runCoordinator({ dataDir, port: 0, logger });
    expect(await word(coordinator.port, 'ruok')).toBe('imok');
    await coordinator.stop();
    expect(messages()).toEqual(['coordinator started', 'coordinator stopping', 'coordinator stopped']);
    expect(lines[0]).toMatchObject({ port: coordinator.port, dataDirectory: dataDir, lastZxid: 0, tornBytes: 0 });
  });

  test('by a zoo.cfg obeys it, and warns of what it does not understand, by line', async () => {
    const { logger, lines } = recorder();
    const directory = temporaryDirectory();
    const configFile = join(directory, 'zoo.cfg');
    const text = `dataDir=${directory}/data\nclientPort=0\nclientPortAddress=127.0.0.1\nticktime=7\n`;
    writeFileSync(configFile, `${text}4lw.commands.whitelist=isro\n`);
    const coordinator = await runCoordinator({ configFile, logger });
    expect(await word(coordinator.port, 'isro')).toBe('rw');
    expect(await word(coordinator.port, 'ruok')).toContain('not in the whitelist');
    await coordinator.stop();
    expect(lines[0]).toMatchObject({
      level: 40,
      file: configFile,
      line: 4,
      key: 'ticktime',
      msg: 'unknown key ticktime, ignored; did you mean tickTime?',
    });
  });

  test('by a zoo.cfg that is not there says so', async () => {
    const configFile = join(temporaryDirectory(), 'zoo.cfg');
    await expect(runCoordinator({ configFile, logger: recorder().logger })).rejects.toMatchObject({
      code: 'config_unreadable',
      message: expect.stringContaining('Name a readable zoo.cfg with --config'),
    });
  });
});
