import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

// Reads `+ <group>` and `- <group>` until its input ends, which it does whichever way we end, and kills what is left.
const script = `
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups-$group " ;;
    -) groups="\${groups%% -$group *} \${groups#* -$group }" ;;
  esac
done
[ "$groups" = ' ' ] || kill -9 $groups`;

let reaper: ChildProcess | undefined;

/** Has a process group killed when this process ends without having released it, even by SIGKILL. */
export function reapLater(group: number): void {
  tell(`+ ${group}\n`);
}

/** The process group has ended. */
export function release(group: number): void {
  tell(`- ${group}\n`);
}

function tell(line: string): void {
  reaper ??= startReaper();
  reaper.stdin?.write(line);
}

/** Neither the reaper nor the pipe to it keeps this process alive. */
function startReaper(): ChildProcess {
  const started = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  started.unref();
  (started.stdin as Socket | null)?.unref();
  return started;
}
