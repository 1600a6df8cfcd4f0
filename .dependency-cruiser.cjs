/** What may import what. pnpm already refuses undeclared packages; these rules keep the declared ones acyclic and upright. */
module.exports = {
  forbidden: [
    {
      name: 'packages-not-apps',
      comment: 'Apps only assemble; nothing below may know them.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'coordination-not-scheduling',
      comment: 'The coordination core does not know what is built on it.',
      severity: 'error',
      from: { path: '^packages/coordination/[^/]+/src/' },
      to: { path: '^packages/scheduling/' },
    },
    {
      name: 'foundation-base-knows-nothing',
      severity: 'error',
      from: { path: '^packages/foundation/base/src/' },
      to: { path: '^(packages/(coordination|scheduling)|apps)/' },
    },
    {
      name: 'scheduling-through-the-client-alone',
      comment: 'The platform reaches the coordination core as any user would: through the client and its recipes.',
      severity: 'error',
      from: { path: '^packages/scheduling/[^/]+/src/' },
      to: { path: '^packages/coordination/(wire|tree|replica|journal|server|admin|archive|migration)/' },
    },
    {
      name: 'client-and-server-meet-in-wire',
      severity: 'error',
      from: { path: '^packages/coordination/(client|recipes|configuration|discovery)/src/' },
      to: { path: '^packages/coordination/(tree|replica|journal|server|admin|archive)/' },
    },
    {
      name: 'server-side-not-client',
      severity: 'error',
      from: { path: '^packages/coordination/(wire|tree|replica|journal|server|admin|archive)/src/' },
      to: { path: '^packages/coordination/(client|recipes|configuration|discovery)/' },
    },
    {
      name: 'testkit-only-in-tests',
      severity: 'error',
      from: { path: '/src/', pathNot: '^packages/foundation/testkit/' },
      to: { path: '^packages/foundation/testkit/' },
    },
    {
      name: 'simulator-for-nobody',
      comment: 'The simulator runs the production code; nothing runs on it.',
      severity: 'error',
      from: { path: '/src/', pathNot: '^packages/foundation/simulator/' },
      to: { path: '^packages/foundation/simulator/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|tools/types)/' },
    parser: 'swc',
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.d.ts'],
    },
  },
};
