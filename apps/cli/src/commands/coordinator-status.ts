import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { askMember, placesOf } from '../ensemble/ask-member.ts';
import { type EnsembleView, ensembleView, type StandingView } from '../ensemble/ensemble-view.ts';
import type { ExitCode } from '../exit-codes.ts';
import { clientTls } from '../input/tls-files.ts';
import type { Output } from '../output/output.ts';
import { renderTable } from '../output/table.ts';
import { zxidText } from '../output/words.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';

/** What the shell is told: checks of monitoring systems read it so. */
const exitCodeOf = { whole: 0, degraded: 1, no_quorum: 2 } as const satisfies Record<EnsembleView['status'], ExitCode>;

/** `reeve coordinator status`. */
export function addCoordinatorStatus(coordinator: Command, act: Act): void {
  const command = coordinator
    .command('status')
    .summary('how the members of an ensemble are')
    .description(
      'Asks each coordinator that --connect names what it is, in which epoch, how far it is and who is slow; ' +
        "ZooKeeper's servers too. More is known of those that answer mntr. Exit code 0 when all is well, 1 when " +
        'something is missing or slow, 2 when nobody leads.',
    );
  withSettings(command)
    .addHelpText(
      'after',
      examples('reeve coordinator status --connect a:2181,b:2181,c:2181', 'reeve coordinator status --json'),
    )
    .action((_raw, self: Command) => act(self, showStatus));
}

async function showStatus({ settings, output }: Context): Promise<ExitCode> {
  const { tls } = clientTls(settings.tls);
  const view = ensembleView(await Promise.all(placesOf(settings.connect).map((place) => askMember(place, tls))));
  await output.show(view, () => formatEnsemble(view, output));
  return exitCodeOf[view.status];
}

/** An ensemble for people: one sentence, and a line for each member. */
export function formatEnsemble(view: EnsembleView, output: Pick<Output, 'colors' | 'width'>): string {
  return `${sentence(view, output)}\n\n${renderTable(columnsFor(output), view.members, output)}`;
}

function sentence({ status, leader, epoch, participants }: EnsembleView, { colors }: Pick<Output, 'colors'>): string {
  if (status === 'no_quorum') return `${colors.red('no quorum')}: none of these leads, no writes are taken`;
  const word = status === 'whole' ? colors.green('whole') : colors.yellow('degraded');
  const working =
    participants === undefined ? '' : `, ${participants.working} of ${participants.all} participants at work`;
  return `${word}: ${leader} leads epoch ${epoch ?? 'unknown'}${working}`;
}

function columnsFor({ colors }: Pick<Output, 'colors'>) {
  const paint = ({ problem }: StandingView) => (problem === '' ? String : colors.yellow);
  return [
    { head: 'COORDINATOR', text: ({ address }: StandingView) => address },
    { head: 'ID', text: ({ id }: StandingView) => String(id ?? ''), align: 'right' },
    { head: 'ROLE', text: ({ role, state }: StandingView) => role ?? (state === 'not_serving' ? 'looking' : '-') },
    { head: 'EPOCH', text: ({ epoch }: StandingView) => String(epoch ?? ''), align: 'right' },
    { head: 'ZXID', text: ({ zxid }: StandingView) => (zxid === undefined ? '' : zxidText(zxid)) },
    { head: 'BEHIND', text: ({ behind }: StandingView) => String(behind ?? ''), align: 'right' },
    { head: 'PROBLEM', text: ({ problem }: StandingView) => problem, paint },
  ] as const;
}
